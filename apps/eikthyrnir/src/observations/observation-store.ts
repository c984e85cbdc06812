import { type eikthyrnir } from '@edda/contracts';
import { type ClientBase } from 'pg';

/**
 * Stores a batch in one statement; ids known already, or repeated within the batch, change nothing.
 * Rows go in by id, so that concurrent batches with common ids wait for each other in one order.
 * @returns the observations that are new, in the batch's order
 */
export async function insertObservations(
  client: ClientBase,
  observations: readonly eikthyrnir.Observation[],
  recordedAt: Date,
): Promise<eikthyrnir.Observation[]> {
  const byId = new Map<string, eikthyrnir.Observation>();
  for (const observation of observations) {
    if (!byId.has(observation.observationId)) byId.set(observation.observationId, observation);
  }
  const batch = [...byId.values()];
  const column = <Value>(pick: (observation: eikthyrnir.Observation) => Value) => batch.map(pick);
  const { rows } = await client.query<{ observation_id: string }>(
    `INSERT INTO observations (observation_id, provider_id, model, request_id, occurred_at, outcome, ttft_ms, duration_ms,
       output_tokens, tokens_per_second_milli, checks, probe, attempt, recorded_at)
     SELECT id, provider, model, request, occurred, outcome, ttft, duration, tokens, speed, checks::jsonb, probe, attempt, $14
     FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::smallint[], $7::integer[],
       $8::bigint[], $9::bigint[], $10::bigint[], $11::text[], $12::boolean[], $13::integer[])
       AS given (id, provider, model, request, occurred, outcome, ttft, duration, tokens, speed, checks, probe, attempt)
     ORDER BY id
     ON CONFLICT (observation_id) DO NOTHING
     RETURNING observation_id`,
    [
      column((o) => o.observationId),
      column((o) => o.providerId),
      column((o) => o.model),
      column((o) => o.requestId),
      column((o) => o.occurredAt?.toISOString()),
      column((o) => o.outcome),
      column((o) => o.ttftMs ?? null),
      column((o) => o.durationMs),
      column((o) => o.outputTokens),
      column((o) => o.tokensPerSecondMilli ?? null),
      column((o) => (o.checks === undefined ? null : JSON.stringify(o.checks))),
      column((o) => o.probe),
      column((o) => o.attempt),
      recordedAt,
    ],
  );
  const stored = new Set(rows.map((row) => row.observation_id));
  return batch.filter(({ observationId }) => stored.has(observationId));
}
