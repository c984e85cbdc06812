import { type eikthyrnir } from '@edda/contracts';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { hashRequest, inTransaction, withIdempotency } from '@edda/pg-kit';
import { type Clock } from '@edda/telemetry';
import { type Pool } from 'pg';
import { z } from 'zod';
import { type EikthyrnirMetrics } from '../metrics.ts';
import { checkTimes, type TimeBounds } from '../quality/check-times.ts';
import { fields, observationsSchema } from './observation-schema.ts';
import { recordBatch, type Recorded, type RecordRules } from './record-batch.ts';

/** What taking observations in stands on. */
export interface RecordDeps {
  pool: Pool;
  clock: Clock;
  /** The rules in force, asked for with every batch. */
  rules: () => RecordRules;
  bounds: () => TimeBounds;
  metrics: EikthyrnirMetrics;
  /** Called after a commit that watchers should hear of at once. */
  onImportant: () => void;
}

const schema = z.object({ idempotencyKey: fields.idempotencyKey, observations: observationsSchema });

/** RecordObservations: a batch is taken as a whole or not at all; a repeated call gets its first answer. */
export function createRecordObservations(deps: RecordDeps) {
  return async (
    request: eikthyrnir.RecordObservationsRequest,
    ctx: CallContext,
  ): Promise<eikthyrnir.RecordObservationsResponse> => {
    parseWith(schema, request);
    const { observations, idempotencyKey: key } = request;
    const now = deps.clock.now();
    checkTimes(observations, now, deps.bounds());
    let recorded: Recorded | undefined;
    const scope = {
      tenant: ctx.identity.networkId,
      caller: ctx.identity.subject,
      method: ctx.method,
      key,
      requestHash: hashRequest({ observations }),
      now,
      onReplay: () => void (recorded = undefined),
    };
    const counts = await withIdempotency<{ accepted: number; duplicates: number }>(deps.pool, scope, async (client) => {
      recorded = await recordBatch(client, observations, now, deps.rules());
      return { accepted: recorded.accepted, duplicates: recorded.duplicates };
    });
    account(deps, observations.length, recorded ?? { accepted: 0, duplicates: observations.length, important: false });
    return { accepted: BigInt(counts.accepted), duplicates: BigInt(counts.duplicates) };
  };
}

/** Records a batch without a key: the observations' ids make repetition harmless. */
export async function recordKeyless(
  deps: RecordDeps,
  observations: readonly eikthyrnir.Observation[],
): Promise<Recorded> {
  const now = deps.clock.now();
  checkTimes(observations, now, deps.bounds());
  const work = (client: Parameters<typeof recordBatch>[0]) => recordBatch(client, observations, now, deps.rules());
  const recorded = await inTransaction(deps.pool, work, { idempotent: true });
  account(deps, observations.length, recorded);
  return recorded;
}

function account({ metrics, onImportant }: RecordDeps, size: number, recorded: Recorded): void {
  metrics.recorded(recorded.accepted, recorded.duplicates, size);
  if (recorded.important) onImportant();
}
