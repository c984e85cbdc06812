import { type Pool } from 'pg';

/** Records folded in one transaction. */
const BATCH = 5_000;

/** Rollups are taken in the order of their key, so that two replicas folding at once cannot deadlock. */
const ROLL = `
WITH due AS (
  SELECT id FROM usage_records WHERE NOT rolled ORDER BY occurred_at LIMIT $1 FOR UPDATE SKIP LOCKED
), taken AS (
  UPDATE usage_records SET rolled = true FROM due WHERE usage_records.id = due.id
  RETURNING network_id, user_id, provider_id, model, occurred_at, input_tokens, output_tokens,
    input_tokens + output_tokens AS total_tokens
), folded AS (
  INSERT INTO usage_rollups AS known (network_id, user_id, provider_id, model, hour, size_class, requests,
    input_tokens, output_tokens, min_tokens, max_tokens)
  SELECT network_id, user_id, provider_id, model, date_trunc('hour', occurred_at, 'UTC') AS hour,
    usage_size_class(total_tokens) AS size_class, count(*), sum(input_tokens), sum(output_tokens),
    min(total_tokens), max(total_tokens)
  FROM taken
  GROUP BY network_id, user_id, provider_id, model, hour, size_class
  ORDER BY network_id, user_id, provider_id, model, hour, size_class
  ON CONFLICT (network_id, user_id, provider_id, model, hour, size_class) DO UPDATE
    SET requests = known.requests + EXCLUDED.requests,
      input_tokens = known.input_tokens + EXCLUDED.input_tokens,
      output_tokens = known.output_tokens + EXCLUDED.output_tokens,
      min_tokens = LEAST(known.min_tokens, EXCLUDED.min_tokens),
      max_tokens = GREATEST(known.max_tokens, EXCLUDED.max_tokens)
)
SELECT count(*)::int AS rolled FROM taken`;

/** Folds every record not yet in the rollups, each exactly once whatever the number of replicas. @returns how many */
export async function rollUsage(pool: Pool, batch = BATCH): Promise<number> {
  let total = 0;
  for (let rolled = batch; rolled === batch; total += rolled) {
    const { rows } = await pool.query<{ rolled: number }>({ name: 'usage-roll', text: ROLL, values: [batch] });
    rolled = rows[0]?.rolled ?? 0;
  }
  return total;
}
