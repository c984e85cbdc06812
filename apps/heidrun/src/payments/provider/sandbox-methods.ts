import { type AttachedMethod, type ChargeResult, type PayoutResult } from './payment-provider.ts';

export interface SandboxMethod extends AttachedMethod {
  /** What VerifyPaymentMethod must send back; undefined when nothing is asked. */
  code?: string;
  charge: ChargeResult['status'];
  payout: PayoutResult['status'];
}

const both = ['PAY', 'PAYOUT'] as const;
const pays = { charge: 'succeeded', payout: 'paid' } as const;
const card = (last4: string): Omit<SandboxMethod, 'status' | 'charge'> => ({
  kind: 'CARD',
  purposes: both,
  label: { brand: 'visa', last4 },
  expiry: { month: 12, year: 2099 },
  payout: 'paid',
});
const bank = (last4: string): Omit<SandboxMethod, 'payout'> => ({
  kind: 'BANK_ACCOUNT',
  purposes: ['PAYOUT'],
  label: { brand: '', last4 },
  status: 'verified',
  charge: 'declined',
});

/**
 * The test tokens, all there are:
 * `tok_sandbox_visa` card, verified at once; `tok_sandbox_debit` debit card, the same; `tok_sandbox_paypal` PayPal,
 * verified by the code `confirmed`; `tok_sandbox_sepa` mandate, verified by the deposits `12,34`;
 * `tok_sandbox_bank` bank account for payouts, verified at once; `tok_sandbox_bank_pending` the same, whose payouts
 * stay in transit until a notification says otherwise; `tok_sandbox_payout_fails` the same, whose payouts fail;
 * `tok_sandbox_declined` refused when added; `tok_sandbox_action_required` card, verified by the code `confirmed`,
 * whose charges wait for the payer; `tok_sandbox_charge_fails` card, verified at once, whose charges are declined.
 */
export const sandboxMethods: ReadonlyMap<string, SandboxMethod> = new Map<string, SandboxMethod>([
  ['tok_sandbox_visa', { ...card('4242'), status: 'verified', charge: 'succeeded' }],
  ['tok_sandbox_debit', { ...card('5556'), kind: 'DEBIT', status: 'verified', charge: 'succeeded' }],
  [
    'tok_sandbox_paypal',
    {
      ...{ kind: 'PAYPAL', purposes: both, label: { brand: 'paypal', last4: '' } },
      ...{ status: 'needs-confirmation', code: 'confirmed', ...pays },
    },
  ],
  [
    'tok_sandbox_sepa',
    {
      ...{ kind: 'SEPA_DEBIT', purposes: both, label: { brand: '', last4: '5100' } },
      ...{ status: 'needs-micro-deposits', code: '12,34', ...pays },
    },
  ],
  ['tok_sandbox_bank', { ...bank('3000'), payout: 'paid' }],
  ['tok_sandbox_bank_pending', { ...bank('3001'), payout: 'in-transit' }],
  ['tok_sandbox_payout_fails', { ...bank('3116'), payout: 'failed' }],
  ['tok_sandbox_declined', { ...card('0002'), status: 'declined', charge: 'declined' }],
  [
    'tok_sandbox_action_required',
    { ...card('3155'), status: 'action-required', code: 'confirmed', charge: 'action-required' },
  ],
  ['tok_sandbox_charge_fails', { ...card('0341'), status: 'verified', charge: 'declined' }],
]);
