import {
  candidateToJson,
  type CaptureItem,
  captureTransfers,
  type Hold,
  rowOf,
  type SettledCapture,
  walletOf,
} from '@edda/app-heidrun/store';
import { type ClientBase } from 'pg';

/** One prepared statement of one row. */
const run = (client: ClientBase, name: string, text: string, values: unknown[]) =>
  client.query<{ id: bigint; name: string }>({ name: `bench-${name}`, text, values });

const HOLD = `
INSERT INTO holds (id, transaction_id, request_id, requester_id, network_id, wallet_id, model, held_cents, input_tokens,
  output_budget_tokens, input_method, tokenizer, candidates, commission_rate_bps, caller, idempotency_key, request_hash,
  created_at, expires_at)
SELECT $1, $2, $3, $4, $5, a.id, $7, $8, $9, $10, $11, $12, $13::jsonb, $14, $15, $16, $17, $18, $19
FROM accounts a WHERE a.name = $6`;

export async function insertHold(client: ClientBase, hold: Hold): Promise<void> {
  const wallet = walletOf({ networkId: hold.networkId, userId: hold.requesterId });
  const { id, transactionId, requestId, requesterId, networkId, model, heldCents, inputTokens } = hold;
  const { outputBudgetTokens, inputMethod, tokenizer, commissionRateBps, caller, idempotencyKey } = hold;
  const candidates = JSON.stringify(hold.candidates.map(candidateToJson));
  await run(client, 'hold', HOLD, [
    ...[id, transactionId, requestId, requesterId, networkId, wallet, model, heldCents, inputTokens],
    ...[outputBudgetTokens, inputMethod, tokenizer, candidates, commissionRateBps, caller, idempotencyKey],
    ...[hold.requestHash, hold.createdAt, hold.expiresAt],
  ]);
  await run(client, 'open', 'INSERT INTO open_holds (hold_id, expires_at) VALUES ($1, $2)', [id, hold.expiresAt]);
  const pend = 'UPDATE accounts SET pending_cents = pending_cents + $2 WHERE name = $1';
  await run(client, 'pend', pend, [wallet, heldCents]);
}

const RESOLUTION = `
INSERT INTO hold_resolutions (hold_id, kind, released_cents, caller, idempotency_key, request_hash, resolved_at)
VALUES ($1, 'CAPTURED', $2, $3, $4, $5, $6)`;
const CAPTURE = `
INSERT INTO captures (hold_id, captured_cents, earnings_cents, fee_cents, capped_at_hold, finish_reason,
  carry_provider_id, carry_before, carry_after) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`;
const LEG = `
INSERT INTO capture_legs (hold_id, position, provider_id, input_tokens, output_tokens, counted_input_tokens,
  counted_output_tokens, method, tokenizer, cost_share_cents, earnings_cents)
VALUES ($1, $2, $3, $4, $5, $6, $7, 'EXACT', $8, $9, $10)`;
const BOOK = `
UPDATE provider_books SET commission_carry = $2, claims = $3, mean_deviation_ppm = $4 WHERE provider_id = $1`;

export async function insertCapture(
  client: ClientBase,
  { hold: { id }, origin, finishReason }: CaptureItem,
  settled: SettledCapture,
  books: SettledCapture['books'],
  now: Date,
): Promise<void> {
  const { caller, idempotencyKey, requestHash } = origin;
  await run(client, 'close', 'DELETE FROM open_holds WHERE hold_id = $1', [id]);
  const resolution = [id, settled.releasedCents, caller, idempotencyKey, requestHash, now];
  await run(client, 'resolution', RESOLUTION, resolution);
  const { capturedCents, earningsCents, feeCents, cappedAtHold, carryProviderId, carryBefore, carryAfter } = settled;
  await run(client, 'capture', CAPTURE, [
    ...[id, capturedCents, earningsCents, feeCents, cappedAtHold, finishReason, carryProviderId, carryBefore],
    carryAfter,
  ]);
  for (const [position, leg] of settled.legs.entries()) {
    await run(client, 'leg', LEG, [
      ...[id, position, leg.candidate.providerId, leg.inputTokens, leg.outputTokens, leg.countedInputTokens],
      ...[leg.countedOutputTokens, leg.tokenizer, leg.costShareCents, leg.earningsCents],
    ]);
  }
  for (const book of books) {
    const values = [book.providerId, book.commissionCarry, book.claims, book.meanDeviationPpm];
    await run(client, 'book', BOOK, values);
  }
}

const MAKE = 'INSERT INTO accounts (name, base, kind) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING';
const LOCK = 'SELECT id, name FROM accounts WHERE name = ANY ($1) ORDER BY id FOR UPDATE';
const TRANSFER = `
INSERT INTO transfers (id, debit_account_id, credit_account_id, amount_cents, kind, transaction_id, request_id,
  provider_id, posted_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`;
const MOVE = `
UPDATE accounts SET posted_cents = posted_cents + $2, pending_cents = pending_cents - $3 WHERE id = $1`;

/** Locks the accounts in id order, appends the transfers and moves the balances. */
export async function postCapture(client: ClientBase, hold: Hold, settled: SettledCapture, now: Date): Promise<void> {
  const transfers = captureTransfers(hold, settled);
  const bases = [...new Set(transfers.flatMap(({ debit, credit }) => [debit, credit]))];
  // The company's account has 16 rows; each transaction takes the one its id chooses.
  const accounts = new Map(bases.map((base) => [base, rowOf(base, hold.transactionId)]));
  const names = [...accounts.values()].map(({ name }) => name);
  const locked = await run(client, 'lock', LOCK, [names]);
  const ids = new Map(locked.rows.map(({ id, name }) => [name, id]));
  const idOf = async (base: string): Promise<bigint | undefined> => {
    const { name, kind } = accounts.get(base) ?? rowOf(base, '');
    if (!ids.has(name)) {
      await run(client, 'make', MAKE, [name, base, kind]);
      const made = await run(client, 'lock', LOCK, [[name]]);
      ids.set(name, made.rows[0]?.id ?? 0n);
    }
    return ids.get(name);
  };
  for (const { id, debit, credit, amountCents, kind, transactionId, requestId, providerId } of transfers) {
    const [from, to] = [await idOf(debit), await idOf(credit)];
    const rest = [amountCents, kind, transactionId, requestId, providerId ?? '', now];
    await run(client, 'transfer', TRANSFER, [id, from, to, ...rest]);
    await run(client, 'move', MOVE, [to, amountCents, 0n]);
  }
  const wallet = await idOf(walletOf({ networkId: hold.networkId, userId: hold.requesterId }));
  await run(client, 'move', MOVE, [wallet, -settled.capturedCents, hold.heldCents]);
}
