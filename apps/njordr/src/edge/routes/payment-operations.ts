import { type Operation } from './operation.ts';

const base = '/api/v1/payments';
const payments = 'edda.heidrun.v1.PaymentService';
const tag = 'payments';
/** Whose account it is follows from the token. */
const omit = ['user_id'];

/** `/api/v1/payments`, answered by Heidrun for the caller. */
export const paymentOperations: readonly Operation[] = [
  {
    method: 'GET',
    url: `${base}/methods`,
    rpc: `${payments}/ListPaymentMethods`,
    tag,
    summary: 'List payment methods',
    omit,
  },
  {
    method: 'POST',
    url: `${base}/methods`,
    rpc: `${payments}/AddPaymentMethod`,
    tag,
    summary: 'Add a payment method',
    description: 'Takes the payment provider’s token; card and account numbers are refused.',
    status: 201,
    omit,
    result: 'payment_method',
    example: { kind: 'CARD', purposes: ['PAY'], token: 'tok_sandbox_visa', make_default: true },
  },
  {
    method: 'POST',
    url: `${base}/methods/:payment_method_id/verify`,
    rpc: `${payments}/VerifyPaymentMethod`,
    tag,
    summary: 'Verify a payment method',
    omit,
    result: 'payment_method',
    example: {},
  },
  {
    method: 'DELETE',
    url: `${base}/methods/:payment_method_id`,
    rpc: `${payments}/RemovePaymentMethod`,
    tag,
    summary: 'Remove a payment method',
    omit,
    result: 'payment_method',
  },
  {
    method: 'POST',
    url: `${base}/top-ups`,
    rpc: `${payments}/TopUp`,
    tag,
    summary: 'Top the wallet up',
    status: 201,
    omit,
    example: { amount_cents: 2_000 },
  },
  {
    method: 'GET',
    url: `${base}/balance`,
    rpc: `${payments}/GetBalance`,
    tag,
    summary: 'Read wallet and earnings',
    omit,
  },
  {
    method: 'GET',
    url: `${base}/payouts`,
    rpc: `${payments}/ListPayouts`,
    tag,
    summary: 'List payouts',
    omit,
    later: true,
  },
  {
    method: 'POST',
    url: `${base}/payouts`,
    rpc: `${payments}/RequestPayout`,
    tag,
    summary: 'Pay earnings out',
    status: 201,
    omit,
    result: 'payout',
    later: true,
  },
];
