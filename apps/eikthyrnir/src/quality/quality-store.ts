import { type eikthyrnir } from '@edda/contracts';
import { type ClientBase, type Pool } from 'pg';
import { type DecayedSums } from './decayed-sums.ts';
import { dimensions } from './samples-of.ts';
import { fromRow, presenceColumns, type QualityRow, type StoredQuality } from './quality-row.ts';

export interface Key {
  providerId: string;
  /** '' for the provider's presence. */
  model: string;
}

/**
 * Locks the rows of these keys, and all rows of these providers, for the rest of the transaction; makes those missing.
 * Both in key order, so that batches wait for each other and never in a circle.
 */
export async function lockQualities(
  client: ClientBase,
  keys: readonly Key[],
  wholeProviders: readonly string[],
): Promise<StoredQuality[]> {
  const given = [keys.map((key) => key.providerId), keys.map((key) => key.model)];
  await client.query(
    `INSERT INTO qualities (provider_id, model)
     SELECT provider, model FROM unnest($1::text[], $2::text[]) AS given (provider, model) ORDER BY provider, model
     ON CONFLICT DO NOTHING`,
    given,
  );
  const { rows } = await client.query<QualityRow>(
    `WITH wanted AS (
       SELECT provider_id, model FROM unnest($1::text[], $2::text[]) AS given (provider_id, model)
       UNION SELECT provider_id, model FROM qualities WHERE provider_id = ANY($3::text[]))
     SELECT q.*, ${presenceColumns}
     FROM wanted JOIN qualities q USING (provider_id, model)
       LEFT JOIN qualities p ON p.provider_id = q.provider_id AND p.model = ''
     ORDER BY q.provider_id, q.model FOR UPDATE OF q`,
    [...given, wholeProviders],
  );
  return rows.map(fromRow);
}

export interface QualityWrite {
  quality: StoredQuality;
  /** UNSPECIFIED when a batch will do. */
  change: eikthyrnir.QualityChange;
}

/** Writes locked rows back in one statement, each one version on and marked with this transaction for the watchers. */
export async function updateQualities(client: ClientBase, writes: readonly QualityWrite[], now: Date): Promise<void> {
  const column = <Value>(pick: (quality: StoredQuality) => Value) => writes.map(({ quality }) => pick(quality));
  const sums = dimensions.map((dimension) => column(({ aggregate }) => sumsText(aggregate.sums[dimension])));
  await client.query(
    `UPDATE qualities q SET as_of = g.as_of, response_quality = g.d1::float8[], reliability = g.d2::float8[],
       availability = g.d3::float8[], ttft_ms = g.d4::float8[], tokens_per_second = g.d5::float8[],
       metering_deviation = g.d6::float8[], last_success_at = g.success, recent_failures = g.failures::timestamptz[],
       presence_at = g.presence, online = g.online, baseline = g.baseline::float8[], baseline_at = g.baseline_at,
       version = q.version + 1, updated_at = $17, changed_xid = pg_current_xact_id()::text::bigint,
       important_change = CASE g.change WHEN 0 THEN q.important_change ELSE g.change END,
       important_xid = CASE g.change WHEN 0 THEN q.important_xid ELSE pg_current_xact_id()::text::bigint END
     FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
       $9::text[], $10::timestamptz[], $11::text[], $12::timestamptz[], $13::boolean[], $14::text[], $15::timestamptz[],
       $16::smallint[]) AS g (provider, model, as_of, d1, d2, d3, d4, d5, d6, success, failures, presence, online,
       baseline, baseline_at, change)
     WHERE q.provider_id = g.provider AND q.model = g.model`,
    [
      column((q) => q.providerId),
      column((q) => q.model),
      column((q) => time(q.aggregate.asOf)),
      ...sums,
      column((q) => time(q.aggregate.streak.lastSuccessAt)),
      column((q) => `{${q.aggregate.streak.failures.map(time).join()}}`),
      column((q) => time(q.aggregate.presence?.at)),
      column((q) => q.aggregate.presence?.online ?? null),
      column((q) => (q.baseline === undefined ? null : `{${q.baseline.join()}}`)),
      column((q) => time(q.baselineAt)),
      writes.map(({ change }) => change),
      now,
    ],
  );
}

/**
 * Reads qualities by key, in the keys' order; a key without a model reads each model of its provider. A key nothing is
 * known of gives one row with version null.
 */
export async function readQualities(
  pool: Pool,
  keys: readonly Key[],
  limit: number,
): Promise<(QualityRow | UnknownQuality)[]> {
  const { rows } = await pool.query<QualityRow | UnknownQuality>(
    `SELECT q.*, k.provider_id, coalesce(q.model, k.model) AS model, ${presenceColumns}
     FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS k (provider_id, model, place)
       LEFT JOIN qualities q ON q.provider_id = k.provider_id AND q.model <> '' AND (k.model = '' OR q.model = k.model)
       LEFT JOIN qualities p ON p.provider_id = k.provider_id AND p.model = ''
     ORDER BY k.place, q.model LIMIT $3`,
    [keys.map((key) => key.providerId), keys.map((key) => key.model), limit],
  );
  return rows;
}

export type UnknownQuality = Pick<QualityRow, 'provider_id' | 'model' | 'presence_sums' | 'presence_as_of'> & {
  version: null;
};

/** Numbers print as the shortest text that reads back as the same double. */
function sumsText(sums: DecayedSums): string {
  return `{${sums.join()}}`;
}

function time(at: number | undefined): string | null {
  return at === undefined ? null : new Date(at).toISOString();
}
