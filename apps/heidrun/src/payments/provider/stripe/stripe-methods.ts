import type Stripe from 'stripe';
import {
  type AttachedMethod,
  type AttachMethod,
  type AttachStatus,
  type MethodKind,
  type PaymentProvider,
  type VerifyMethod,
} from '../payment-provider.ts';
import { isInvalidRequest, isMissing, isRefusal } from './stripe-errors.ts';
import { OPERATION, packToken, unpackToken } from './stripe-token.ts';

/** Payment methods (`pm_…`) that are charged, and connected accounts (`acct_…`) that are paid to. */
export function createStripeMethods(
  stripe: Stripe,
  returnUrl: string,
): Pick<PaymentProvider, 'attachMethod' | 'verifyMethod'> {
  return {
    attachMethod: async (request) => {
      try {
        if (request.token.startsWith('acct_')) return await attachAccount(stripe, request);
        if (request.token.startsWith('pm_')) return await attachPaymentMethod(stripe, returnUrl, request);
        return undefined;
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    verifyMethod: (request) => verify(stripe, request),
  };
}

async function attachAccount(stripe: Stripe, { token }: AttachMethod): Promise<AttachedMethod> {
  const account = await stripe.accounts.retrieve(token);
  const [bank] = account.external_accounts?.data ?? [];
  return {
    kind: 'BANK_ACCOUNT',
    purposes: ['PAYOUT'],
    label: { brand: '', last4: bank?.last4 ?? '' },
    status: account.payouts_enabled ? 'verified' : 'action-required',
    methodToken: packToken({ account: token }),
  };
}

async function attachPaymentMethod(
  stripe: Stripe,
  returnUrl: string,
  { token, idempotencyKey }: AttachMethod,
): Promise<AttachedMethod | undefined> {
  const method = await stripe.paymentMethods.retrieve(token);
  const described = describe(method);
  if (described === undefined) return undefined;
  const metadata = { [OPERATION]: idempotencyKey };
  const customer = await stripe.customers.create({ metadata }, { idempotencyKey: `${idempotencyKey}:customer` });
  const base = { ...described, purposes: ['PAY'] as const };
  try {
    const setup = await stripe.setupIntents.create(
      {
        customer: customer.id,
        payment_method: token,
        allowed_payment_method_types: [method.type],
        confirm: true,
        usage: 'off_session',
        return_url: returnUrl,
        metadata,
        ...(method.type !== 'card' && { mandate_data: { customer_acceptance: { type: 'offline' } } }),
      },
      { idempotencyKey: `${idempotencyKey}:setup` },
    );
    const methodToken = packToken({ method: token, type: method.type, customer: customer.id, setup: setup.id });
    return { ...base, status: statusOf(setup), methodToken };
  } catch (error) {
    if (!isRefusal(error) || isMissing(error)) throw error;
    return { ...base, status: 'declined' };
  }
}

type Described = Pick<AttachedMethod, 'kind' | 'label' | 'expiry'>;

/** @returns undefined for a type of method that is not offered here */
function describe(method: Stripe.PaymentMethod): Described | undefined {
  const { card } = method;
  if (method.type === 'card' && card) {
    const kind: MethodKind = card.funding === 'debit' ? 'DEBIT' : 'CARD';
    const expiry = { month: card.exp_month, year: card.exp_year };
    return { kind, label: { brand: card.brand, last4: card.last4 }, expiry };
  }
  if (method.type === 'sepa_debit') {
    return { kind: 'SEPA_DEBIT', label: { brand: '', last4: method.sepa_debit?.last4 ?? '' } };
  }
  if (method.type === 'paypal') return { kind: 'PAYPAL', label: { brand: 'paypal', last4: '' } };
  if (method.type === 'us_bank_account') {
    return { kind: 'BANK_ACCOUNT', label: { brand: '', last4: method.us_bank_account?.last4 ?? '' } };
  }
  return undefined;
}

function statusOf({ status, next_action: next }: Stripe.SetupIntent): AttachStatus {
  if (status === 'succeeded') return 'verified';
  if (status === 'canceled' || status === 'requires_payment_method') return 'declined';
  return next?.type === 'verify_with_microdeposits' ? 'needs-micro-deposits' : 'action-required';
}

async function verify(
  stripe: Stripe,
  { methodToken, code, idempotencyKey }: VerifyMethod,
): Promise<'verified' | 'refused'> {
  const token = unpackToken(methodToken);
  if ('account' in token) {
    return (await stripe.accounts.retrieve(token.account)).payouts_enabled ? 'verified' : 'refused';
  }
  const setup = await stripe.setupIntents.retrieve(token.setup);
  if (setup.next_action?.type !== 'verify_with_microdeposits') return verdict(setup);
  const deposits = depositsOf(code);
  if (deposits === undefined) return 'refused';
  try {
    return verdict(await stripe.setupIntents.verifyMicrodeposits(token.setup, deposits, { idempotencyKey }));
  } catch (error) {
    if (isInvalidRequest(error)) return 'refused';
    throw error;
  }
}

const verdict = ({ status }: Stripe.SetupIntent) => (status === 'succeeded' ? 'verified' : 'refused');

/** Two amounts in cents (`12,34`), or the code of the statement (`SM11AA`). */
function depositsOf(code: string): Stripe.SetupIntentVerifyMicrodepositsParams | undefined {
  const text = code.trim();
  if (/^SM[A-Z0-9]{4}$/i.test(text)) return { descriptor_code: text.toUpperCase() };
  const amounts = text.split(/\D+/).map(Number);
  return amounts.length === 2 && /^\d+\D+\d+$/.test(text) ? { amounts } : undefined;
}
