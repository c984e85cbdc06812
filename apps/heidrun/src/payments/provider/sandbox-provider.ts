import { createHash } from 'node:crypto';
import { type Pool } from 'pg';
import {
  type Charge,
  type ChargeResult,
  type MoneyOrder,
  type PaymentProvider,
  type PayoutResult,
} from './payment-provider.ts';
import { sandboxMethods } from './sandbox-methods.ts';
import { readSandboxWebhook } from './sandbox-webhook.ts';

type Table = 'sandbox_charges' | 'sandbox_payouts';

/**
 * A payment provider that moves no money: deterministic by token, its movements durable by key in tables of its own,
 * so that a repetition after a crash is the same movement, as with a real one.
 */
export function createSandboxProvider({ pool }: { pool: Pool }): PaymentProvider {
  return {
    name: 'sandbox',
    attachMethod: async ({ token }) => sandboxMethods.get(token),
    verifyMethod: async ({ methodToken, code }) => {
      const wanted = sandboxMethods.get(methodToken)?.code;
      return wanted === undefined || normalized(code) === wanted ? 'verified' : 'refused';
    },
    charge: async (request: Charge) => {
      const wanted = sandboxMethods.get(request.methodToken)?.charge ?? 'declined';
      const status = wanted === 'action-required' && request.unattended ? 'declined' : wanted;
      return chargeResult(await once<ChargeResult['status']>(pool, 'sandbox_charges', request, status));
    },
    findCharge: async (reference) => chargeResult(await known(pool, 'sandbox_charges', reference)),
    cancelCharge: async (reference) => {
      await pool.query(
        `UPDATE sandbox_charges SET status = 'declined' WHERE reference = $1 AND status = 'action-required'`,
        [reference],
      );
      return chargeResult(await known(pool, 'sandbox_charges', reference));
    },
    payOut: async (order) => {
      const status = sandboxMethods.get(order.methodToken)?.payout ?? 'failed';
      return payoutResult(await once<PayoutResult['status']>(pool, 'sandbox_payouts', order, status));
    },
    findPayout: async (reference) => payoutResult(await known(pool, 'sandbox_payouts', reference)),
    readWebhook: (delivery) => Promise.resolve().then(() => readSandboxWebhook(delivery)),
  };
}

interface Movement<Status> {
  reference: string;
  status: Status;
}

async function once<Status extends string>(
  pool: Pool,
  table: Table,
  { idempotencyKey, methodToken, amountCents, currency }: MoneyOrder,
  status: Status,
): Promise<Movement<Status>> {
  const content = [sha256(methodToken), amountCents, currency];
  const reference = `sbx_${sha256(idempotencyKey).slice(0, 24)}`;
  await pool.query({
    name: `${table}-open`,
    text: `INSERT INTO ${table} (idempotency_key, reference, fingerprint, amount_cents, currency, status)
      VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (idempotency_key) DO NOTHING`,
    values: [idempotencyKey, reference, ...content, status],
  });
  const { rows } = await pool.query<Movement<Status> & { same: boolean }>({
    name: `${table}-find`,
    text: `SELECT reference, status, fingerprint = $2 AND amount_cents = $3 AND currency = $4 AS same
      FROM ${table} WHERE idempotency_key = $1`,
    values: [idempotencyKey, ...content],
  });
  const found = rows[0];
  if (found?.same !== true) throw new Error('the sandbox knows this key with other content');
  return found;
}

async function known<Status extends string>(pool: Pool, table: Table, reference: string): Promise<Movement<Status>> {
  const text = `SELECT reference, status FROM ${table} WHERE reference = $1`;
  const { rows } = await pool.query<Movement<Status>>(text, [reference]);
  if (rows[0] === undefined) throw new Error('the sandbox does not know this reference');
  return rows[0];
}

function chargeResult({ reference, status }: Movement<ChargeResult['status']>): ChargeResult {
  const result: ChargeResult = { status, providerReference: reference };
  if (status === 'declined') return { ...result, reason: 'The payment provider declined the charge.' };
  if (status === 'action-required') {
    return { ...result, confirmationUrl: `https://payments.example/confirm/${reference}` };
  }
  return result;
}

function payoutResult({ reference, status }: Movement<PayoutResult['status']>): PayoutResult {
  const result: PayoutResult = { status, providerReference: reference };
  return status === 'failed' ? { ...result, reason: 'The bank refused the payout.' } : result;
}

/** Amounts may be separated by anything that is no digit: `12 34`, `12, 34`. */
const normalized = (code: string): string => code.trim().replaceAll(/(?<=\d)\D+(?=\d)/g, ',');

const sha256 = (value: string): string => createHash('sha256').update(value).digest('hex');
