import { type Aggregate, emptyAggregate } from './aggregate.ts';
import { type DecayedSums, noSums } from './decayed-sums.ts';
import { type Baseline } from './classify-change.ts';

/** A row of `qualities` joined with its provider's presence row. */
export interface QualityRow {
  provider_id: string;
  model: string;
  as_of: Date | null;
  response_quality: number[];
  reliability: number[];
  availability: number[];
  ttft_ms: number[];
  tokens_per_second: number[];
  metering_deviation: number[];
  last_success_at: Date | null;
  recent_failures: Date[];
  presence_at: Date | null;
  online: boolean | null;
  baseline: number[] | null;
  baseline_at: Date | null;
  version: bigint;
  important_change: number;
  updated_at: Date | null;
  changed_xid: bigint;
  important_xid: bigint;
  /** The presence row's availability and instant; null when there is none. */
  presence_sums: number[] | null;
  presence_as_of: Date | null;
}

/** What a row says, in the terms of the rules. */
export interface StoredQuality {
  providerId: string;
  /** '' for the provider's presence. */
  model: string;
  aggregate: Aggregate;
  /** The provider's presence, of which only availability matters here. */
  presence: Aggregate;
  baseline: Baseline | undefined;
  baselineAt: number | undefined;
  version: bigint;
  updatedAt: Date | undefined;
}

/** The presence columns that every query selects; `p` is the provider's row with model ''. */
export const presenceColumns = 'p.availability AS presence_sums, p.as_of AS presence_as_of';

export function fromRow(row: QualityRow): StoredQuality {
  const { last_success_at: success, presence_at: presenceAt, online } = row;
  return {
    providerId: row.provider_id,
    model: row.model,
    aggregate: {
      asOf: row.as_of?.getTime(),
      sums: {
        responseQuality: sumsOf(row.response_quality),
        reliability: sumsOf(row.reliability),
        availability: sumsOf(row.availability),
        ttftMs: sumsOf(row.ttft_ms),
        tokensPerSecond: sumsOf(row.tokens_per_second),
        meteringDeviation: sumsOf(row.metering_deviation),
      },
      streak: { lastSuccessAt: success?.getTime(), failures: row.recent_failures.map((at) => at.getTime()) },
      presence: presenceAt === null || online === null ? undefined : { at: presenceAt.getTime(), online },
    },
    presence: presenceOf(row),
    baseline: row.baseline ?? undefined,
    baselineAt: row.baseline_at?.getTime(),
    version: row.version,
    updatedAt: row.updated_at ?? undefined,
  };
}

/** A provider's presence as the join brings it; the presence row itself has none beside itself. */
export function presenceOf(row: Pick<QualityRow, 'model' | 'presence_sums' | 'presence_as_of'>): Aggregate {
  if (row.model === '' || row.presence_sums === null) return emptyAggregate;
  const sums = { ...emptyAggregate.sums, availability: sumsOf(row.presence_sums) };
  return { ...emptyAggregate, asOf: row.presence_as_of?.getTime(), sums };
}

function sumsOf(values: readonly number[]): DecayedSums {
  const [w, wx, ww, wxx] = values;
  return w === undefined || wx === undefined || ww === undefined || wxx === undefined ? noSums : [w, wx, ww, wxx];
}
