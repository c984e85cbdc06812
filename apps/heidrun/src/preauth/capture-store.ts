import { type ClientBase, type Pool } from 'pg';

/** A capture as it was stored. */
export interface StoredCapture {
  capturedCents: bigint;
  earningsCents: bigint;
  feeCents: bigint;
  cappedAtHold: boolean;
  legs: StoredLeg[];
}

export interface StoredLeg {
  providerId: string;
  inputTokens: bigint;
  outputTokens: bigint;
  countedInputTokens: bigint;
  countedOutputTokens: bigint;
  deviationPpm: bigint | null;
  method: string;
  tokenizer: string;
  costShareCents: bigint;
  earningsCents: bigint;
}

const FIND = `
SELECT captured_cents AS "capturedCents", earnings_cents AS "earningsCents", fee_cents AS "feeCents",
  capped_at_hold AS "cappedAtHold"
FROM captures WHERE hold_id = $1`;
const LEGS = `
SELECT provider_id AS "providerId", input_tokens AS "inputTokens", output_tokens AS "outputTokens",
  counted_input_tokens AS "countedInputTokens", counted_output_tokens AS "countedOutputTokens",
  deviation_ppm AS "deviationPpm", method, tokenizer, cost_share_cents AS "costShareCents",
  earnings_cents AS "earningsCents"
FROM capture_legs WHERE hold_id = $1 ORDER BY position`;

export async function findCapture(db: Pool | ClientBase, holdId: string): Promise<StoredCapture | undefined> {
  const { rows } = await db.query<Omit<StoredCapture, 'legs'>>({ name: 'capture-find', text: FIND, values: [holdId] });
  const legs = await db.query<StoredLeg>({ name: 'capture-legs', text: LEGS, values: [holdId] });
  return rows[0] && { ...rows[0], legs: legs.rows };
}
