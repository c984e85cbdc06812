import { common, type heidrun } from '@edda/contracts';
import { commonFaults, invalidInput } from '@edda/faults';
import { type CallContext, type Identity, parseWith } from '@edda/grpc-kit';
import { moneyFaults } from '@edda/money';
import { type Pool } from 'pg';
import { z } from 'zod';
import { fields } from '../fields.ts';
import { seesEverything, userOf } from '../ledger/visibility.ts';
import { aggregateUsage, type UsageQuestion, type UsageRow } from './aggregate-usage.ts';
import { type UsageDeps } from './usage-deps.ts';

const DAY_MS = 86_400_000;
const MAX_BUCKETS = 10_000;
const MAX_INT64 = 2n ** 63n - 1n;

/** Widths of the rows, and what a bucket lasts at least. */
const buckets = {
  [common.TimeBucket.UNSPECIFIED]: { bucket: 'day', atLeastMs: DAY_MS },
  [common.TimeBucket.HOUR]: { bucket: 'hour', atLeastMs: DAY_MS / 24 },
  [common.TimeBucket.DAY]: { bucket: 'day', atLeastMs: DAY_MS },
  [common.TimeBucket.MONTH]: { bucket: 'month', atLeastMs: 28 * DAY_MS },
} as const;

const schema = z.object({
  providerId: fields.optionalId,
  userId: fields.optionalId,
  model: fields.text(200),
  bucket: z.literal([0, 1, 2, 3], { error: 'must be HOUR, DAY or MONTH' }),
});

/** AggregateTokens: sums and distributions of the usage the caller may see. */
export function createAggregateTokens({ pool, clock }: Pick<UsageDeps, 'pool' | 'clock'>) {
  return async (
    request: heidrun.AggregateTokensRequest,
    ctx: CallContext,
  ): Promise<heidrun.AggregateTokensResponse> => {
    const { providerId, userId, model, bucket } = parseWith(schema, request);
    const span = spanOf(request, clock.now(), buckets[bucket].atLeastMs);
    if (providerId !== '') await assertMaySee(pool, ctx.identity, providerId, userId);
    const visibleTo = seesEverything(ctx.identity) ? undefined : userOf(ctx.identity);
    const question: UsageQuestion = {
      ...span,
      ...{ bucket: buckets[bucket].bucket, providerId, userId, model, visibleTo },
    };
    const rows = await aggregateUsage(pool, question);
    const total = rows.find(({ start }) => start === undefined);
    return {
      rows: rows.flatMap((row) => (row.start === undefined ? [] : toAggregate(row, row.start))),
      total: total && toAggregate(total, span.from),
    };
  };
}

function spanOf(request: heidrun.AggregateTokensRequest, now: Date, bucketMs: number) {
  const to = request.to ?? now;
  const from = request.from ?? new Date(to.getTime() - 30 * DAY_MS);
  const lasts = to.getTime() - from.getTime();
  if (lasts <= 0) throw invalidInput([{ field: 'to', description: 'must be later than from' }]);
  if (lasts > MAX_BUCKETS * bucketMs) {
    throw invalidInput([{ field: 'from', description: `makes more than ${MAX_BUCKETS} buckets` }]);
  }
  return { from, to };
}

/**
 * A provider's usage is its owner's; others may still ask for their own requests that it served.
 * @throws NOT_FOUND
 */
async function assertMaySee(pool: Pool, identity: Identity, providerId: string, userId: string): Promise<void> {
  const { networkId, userId: self } = userOf(identity);
  if (seesEverything(identity) || userId === self) return;
  const owned = await pool.query(
    'SELECT 1 FROM prices WHERE provider_id = $1 AND network_id = $2 AND owner_id = $3 LIMIT 1',
    [providerId, networkId, self],
  );
  if (owned.rowCount === 0) throw commonFaults.NOT_FOUND('There is no such provider.');
}

/** @throws TOKEN_COUNT_OUT_OF_RANGE when the sums of the span do not fit the contract's int64 */
function toAggregate(row: UsageRow, bucketStart: Date): heidrun.TokenAggregate {
  const { requests, inputTokens, outputTokens, minTokens, maxTokens, p50Tokens, p95Tokens } = row;
  const totalTokens = inputTokens + outputTokens;
  if (totalTokens > MAX_INT64) {
    throw moneyFaults.TOKEN_COUNT_OUT_OF_RANGE('The sum of tokens exceeds 2^63 − 1; ask for a shorter span.');
  }
  return {
    ...{ bucketStart, requests, inputTokens, outputTokens, totalTokens, minTokens, maxTokens, p50Tokens, p95Tokens },
    averageTokens: Number(totalTokens) / Number(requests),
  };
}
