import { type eikthyrnir } from '@edda/contracts';
import { emptyAggregate } from './aggregate.ts';
import { figuresAt, type Weighing } from './figures.ts';
import { fromRow, presenceOf, type QualityRow } from './quality-row.ts';
import { type UnknownQuality } from './quality-store.ts';

/** A row as it is published at `now`; one never observed has the prior's figures and version 0. */
export function toProviderQuality(
  row: QualityRow | UnknownQuality,
  now: Date,
  weighing: Weighing,
): eikthyrnir.ProviderQuality {
  const stored = row.version === null ? undefined : fromRow(row);
  const aggregate = stored?.aggregate ?? emptyAggregate;
  return {
    providerId: row.provider_id,
    model: row.model,
    ...figuresAt(aggregate, stored?.presence ?? presenceOf({ ...row, model: '-' }), now.getTime(), weighing),
    updatedAt: stored?.updatedAt,
    version: stored?.version ?? 0n,
    feedbackMean: undefined,
  };
}
