import { type Pool } from 'pg';

export interface UsageQuestion {
  from: Date;
  /** Exclusive. */
  to: Date;
  bucket: 'hour' | 'day' | 'month';
  /** '' for all. */
  providerId: string;
  userId: string;
  model: string;
  /** Whose requests count: all, or those somebody made or served. */
  visibleTo: { networkId: string; userId: string } | undefined;
}

/** Figures of one bucket, or of the whole span. */
export interface UsageRow {
  /** Undefined for the whole span. */
  start: Date | undefined;
  requests: bigint;
  inputTokens: bigint;
  outputTokens: bigint;
  minTokens: bigint;
  maxTokens: bigint;
  p50Tokens: number;
  p95Tokens: number;
}

const FILTER = `($5 = '' OR provider_id = $5) AND ($6 = '' OR user_id = $6) AND ($7 = '' OR model = $7)
  AND ($8::text IS NULL OR (network_id = $8 AND user_id = $9) OR provider_id IN
    (SELECT provider_id FROM prices WHERE network_id = $8 AND owner_id = $9))`;

const RAW = `SELECT date_trunc($10, occurred_at, 'UTC') AS start, usage_size_class(input_tokens + output_tokens)
    AS size_class, 1 AS requests, input_tokens, output_tokens, input_tokens + output_tokens AS min_tokens,
    input_tokens + output_tokens AS max_tokens
  FROM usage_records WHERE ${FILTER}`;

/**
 * Whole hours ($3 to $4) come from the rollups and the records not yet in them, the ends of the span from the records:
 * one snapshot, so the sums are those of the records at every moment. Percentiles are the smallest size class that
 * reaches the rank.
 */
const AGGREGATE = `
WITH usage AS (
  SELECT date_trunc($10, hour, 'UTC') AS start, size_class, requests, input_tokens, output_tokens, min_tokens,
    max_tokens
  FROM usage_rollups WHERE hour >= $3 AND hour < $4 AND ${FILTER}
  UNION ALL ${RAW} AND NOT rolled AND occurred_at >= $3 AND occurred_at < $4
  UNION ALL ${RAW} AND occurred_at >= $1 AND occurred_at < LEAST($3::timestamptz, $2::timestamptz)
  UNION ALL ${RAW} AND occurred_at >= GREATEST($4::timestamptz, $3::timestamptz) AND occurred_at < $2
), classes AS (
  SELECT start, size_class, sum(requests) AS requests, sum(input_tokens) AS input_tokens,
    sum(output_tokens) AS output_tokens, min(min_tokens) AS min_tokens, max(max_tokens) AS max_tokens
  FROM usage GROUP BY GROUPING SETS ((start, size_class), (size_class))
), ranked AS (
  SELECT *, sum(requests) OVER (PARTITION BY start ORDER BY size_class) AS upto,
    sum(requests) OVER (PARTITION BY start) AS every
  FROM classes
)
SELECT start, sum(requests)::text AS requests, sum(input_tokens)::text AS input_tokens,
  sum(output_tokens)::text AS output_tokens, min(min_tokens)::text AS min_tokens, max(max_tokens)::text AS max_tokens,
  min(size_class) FILTER (WHERE upto >= 0.5 * every) AS p50_class,
  min(size_class) FILTER (WHERE upto >= 0.95 * every) AS p95_class
FROM ranked GROUP BY start ORDER BY start NULLS LAST`;

interface Row {
  start: Date | null;
  requests: string;
  input_tokens: string;
  output_tokens: string;
  min_tokens: string;
  max_tokens: string;
  p50_class: number;
  p95_class: number;
}

const HOUR_MS = 3_600_000;

/** Usage per bucket, oldest first, then that of the whole span; nothing where nothing was used. */
export async function aggregateUsage(pool: Pool, question: UsageQuestion): Promise<UsageRow[]> {
  const { from, to, bucket, providerId, userId, model, visibleTo } = question;
  const firstHour = new Date(Math.ceil(from.getTime() / HOUR_MS) * HOUR_MS);
  const lastHour = new Date(Math.floor(to.getTime() / HOUR_MS) * HOUR_MS);
  const viewer = [visibleTo?.networkId ?? null, visibleTo?.userId ?? null];
  const { rows } = await pool.query<Row>({
    name: 'usage-aggregate',
    text: AGGREGATE,
    values: [from, to, firstHour, lastHour, providerId, userId, model, ...viewer, bucket],
  });
  return rows.map(toUsageRow);
}

function toUsageRow(row: Row): UsageRow {
  const minTokens = BigInt(row.min_tokens);
  const maxTokens = BigInt(row.max_tokens);
  const within = (tokens: number) => Math.min(Math.max(tokens, Number(minTokens)), Number(maxTokens));
  return {
    start: row.start ?? undefined,
    requests: BigInt(row.requests),
    inputTokens: BigInt(row.input_tokens),
    outputTokens: BigInt(row.output_tokens),
    minTokens,
    maxTokens,
    p50Tokens: within(middleOf(row.p50_class)),
    p95Tokens: within(middleOf(row.p95_class)),
  };
}

/** The value nearest, in proportion, to everything in a size class, see `usage_size_class`. */
function middleOf(sizeClass: number): number {
  if (sizeClass === 0) return 0;
  const top = Math.exp((sizeClass - 1) * 0.01);
  return (2 * top) / (Math.exp(0.01) + 1);
}
