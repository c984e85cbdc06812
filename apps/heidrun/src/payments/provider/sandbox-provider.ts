import { createHash } from 'node:crypto';
import { type Pool } from 'pg';
import { type AttachedMethod, type Charge, type ChargeResult, type PaymentProvider } from './payment-provider.ts';

interface SandboxMethod extends AttachedMethod {
  /** What VerifyPaymentMethod must send back; undefined when nothing is asked. */
  code?: string;
  charge: ChargeResult['status'];
}

const both = ['PAY', 'PAYOUT'] as const;
const card = (last4: string): Omit<SandboxMethod, 'status' | 'charge'> => ({
  kind: 'CARD',
  purposes: both,
  label: { brand: 'visa', last4 },
  expiry: { month: 12, year: 2099 },
});

/**
 * The test tokens, all there are:
 * `tok_sandbox_visa` card, verified at once; `tok_sandbox_bank` bank account for payouts, verified at once;
 * `tok_sandbox_sepa` mandate, verified by the deposits `12,34`; `tok_sandbox_declined` refused when added;
 * `tok_sandbox_action_required` card, verified by the code `confirmed`, whose charges wait for the payer;
 * `tok_sandbox_charge_fails` card, verified at once, whose charges are declined.
 */
export const sandboxMethods: ReadonlyMap<string, SandboxMethod> = new Map<string, SandboxMethod>([
  ['tok_sandbox_visa', { ...card('4242'), status: 'verified', charge: 'succeeded' }],
  [
    'tok_sandbox_bank',
    {
      kind: 'BANK_ACCOUNT',
      purposes: ['PAYOUT'],
      label: { brand: '', last4: '3000' },
      status: 'verified',
      charge: 'declined',
    },
  ],
  [
    'tok_sandbox_sepa',
    {
      kind: 'SEPA_DEBIT',
      purposes: both,
      label: { brand: '', last4: '5100' },
      status: 'needs-micro-deposits',
      code: '12,34',
      charge: 'succeeded',
    },
  ],
  ['tok_sandbox_declined', { ...card('0002'), status: 'declined', charge: 'declined' }],
  [
    'tok_sandbox_action_required',
    { ...card('3155'), status: 'action-required', code: 'confirmed', charge: 'action-required' },
  ],
  ['tok_sandbox_charge_fails', { ...card('0341'), status: 'verified', charge: 'declined' }],
]);

const OPEN = `
INSERT INTO sandbox_charges (idempotency_key, reference, fingerprint, amount_cents, currency, status)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (idempotency_key) DO NOTHING`;
const FIND = `
SELECT reference, status, fingerprint = $2 AND amount_cents = $3 AND currency = $4 AS same
FROM sandbox_charges WHERE idempotency_key = $1`;

/**
 * A payment provider that moves no money: deterministic by token, its charges durable by key in a table of its own,
 * so that a repetition after a crash is the same charge, as with a real one.
 */
export function createSandboxProvider({ pool }: { pool: Pool }): PaymentProvider {
  return {
    name: 'sandbox',
    attachMethod: async (token) => sandboxMethods.get(token),
    verifyMethod: async ({ methodToken, code }) => {
      const wanted = sandboxMethods.get(methodToken)?.code;
      return wanted === undefined || normalized(code) === wanted ? 'verified' : 'refused';
    },
    charge: async (request) => {
      const fingerprint = sha256(request.methodToken);
      const content = [fingerprint, request.amountCents, request.currency];
      const status = sandboxMethods.get(request.methodToken)?.charge ?? 'declined';
      const reference = `sbx_${sha256(request.idempotencyKey).slice(0, 24)}`;
      await pool.query({
        name: 'sandbox-charge',
        text: OPEN,
        values: [request.idempotencyKey, reference, ...content, status],
      });
      return resultOf(await find(pool, request.idempotencyKey, content));
    },
  };
}

async function find(pool: Pool, key: string, content: unknown[]) {
  const { rows } = await pool.query<{ reference: string; status: ChargeResult['status']; same: boolean }>({
    name: 'sandbox-find',
    text: FIND,
    values: [key, ...content],
  });
  const found = rows[0];
  if (found?.same !== true) throw new Error('the sandbox knows this charge with other content');
  return found;
}

function resultOf({ reference, status }: { reference: string; status: ChargeResult['status'] }): ChargeResult {
  const result: ChargeResult = { status, providerReference: reference };
  if (status === 'declined') return { ...result, reason: 'The payment provider declined the charge.' };
  if (status === 'action-required') {
    return { ...result, confirmationUrl: `https://payments.example/confirm/${reference}` };
  }
  return result;
}

/** Amounts may be separated by anything that is no digit: `12 34`, `12, 34`. */
const normalized = (code: string): string => code.trim().replaceAll(/(?<=\d)\D+(?=\d)/g, ',');

const sha256 = (value: Charge['idempotencyKey']): string => createHash('sha256').update(value).digest('hex');
