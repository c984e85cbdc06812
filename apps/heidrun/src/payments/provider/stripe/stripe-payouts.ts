import type Stripe from 'stripe';
import { type MoneyOrder, type PaymentProvider, type PayoutResult } from '../payment-provider.ts';
import { isInvalidRequest, isRefusal, reasonOf } from './stripe-errors.ts';
import { OPERATION, unpackToken } from './stripe-token.ts';

/** The transfer of a payout, in the payout's metadata. */
export const TRANSFER = 'edda_transfer';

export type StripePayouts = Pick<PaymentProvider, 'payOut' | 'findPayout'>;

/**
 * Payouts in two steps: a transfer to the payee's connected account, and a payout of that account to its bank. Where the
 * second fails, the first is reversed before the failure is told: no money is left in between.
 */
export function createStripePayouts(stripe: Stripe): StripePayouts {
  return {
    payOut: (order) => payOut(stripe, order),
    findPayout: async (reference) => {
      const { account, transfer, payout } = unpackReference(reference);
      return concluded(
        stripe,
        transfer,
        account,
        await stripe.payouts.retrieve(payout, {}, { stripeAccount: account }),
      );
    },
  };
}

async function payOut(stripe: Stripe, order: MoneyOrder): Promise<PayoutResult> {
  const token = unpackToken(order.methodToken);
  if (!('account' in token)) throw new TypeError('a payout names no connected account');
  const { account } = token;
  let transfer: Stripe.Transfer;
  try {
    transfer = await transferTo(stripe, account, order);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return { status: 'failed', providerReference: '', reason: reasonOf(error) };
  }
  try {
    return await concluded(stripe, transfer.id, account, await payoutOf(stripe, account, transfer.id, order));
  } catch (error) {
    if (!isRefusal(error)) throw error;
    await takeBack(stripe, transfer.id);
    return { status: 'failed', providerReference: '', reason: reasonOf(error) };
  }
}

async function transferTo(stripe: Stripe, account: string, order: MoneyOrder): Promise<Stripe.Transfer> {
  const { idempotencyKey, repeated } = order;
  const group = { transfer_group: idempotencyKey };
  const [earlier] = repeated ? (await stripe.transfers.list({ ...group, limit: 1 })).data : [];
  if (earlier !== undefined) return earlier;
  return stripe.transfers.create(
    { ...moneyOf(order), ...group, destination: account, metadata: { [OPERATION]: idempotencyKey } },
    { idempotencyKey: `${idempotencyKey}:transfer` },
  );
}

async function payoutOf(stripe: Stripe, account: string, transfer: string, order: MoneyOrder): Promise<Stripe.Payout> {
  const { idempotencyKey, repeated } = order;
  const stripeAccount = account;
  const recent = repeated ? (await stripe.payouts.list({ limit: 100 }, { stripeAccount })).data : [];
  const earlier = recent.find(({ metadata }) => metadata?.[OPERATION] === idempotencyKey);
  if (earlier !== undefined) return earlier;
  return stripe.payouts.create(
    { ...moneyOf(order), metadata: { [OPERATION]: idempotencyKey, [TRANSFER]: transfer } },
    { stripeAccount, idempotencyKey: `${idempotencyKey}:payout` },
  );
}

const moneyOf = ({ amountCents, currency }: MoneyOrder) => ({
  amount: Number(amountCents),
  currency: currency.toLowerCase(),
});

async function concluded(
  stripe: Stripe,
  transfer: string,
  account: string,
  payout: Stripe.Payout,
): Promise<PayoutResult> {
  const providerReference = packReference({ account, transfer, payout: payout.id });
  if (payout.status === 'paid') return { status: 'paid', providerReference };
  if (payout.status !== 'failed' && payout.status !== 'canceled') return { status: 'in-transit', providerReference };
  await takeBack(stripe, transfer);
  return { status: 'failed', providerReference, reason: payout.failure_message ?? 'The bank refused the payout.' };
}

/** Once, however often it is asked for: Stripe refuses to reverse more than was transferred. */
async function takeBack(stripe: Stripe, transfer: string): Promise<void> {
  await stripe.transfers
    .createReversal(transfer, {}, { idempotencyKey: `${transfer}:reversal` })
    .catch(async (error: unknown) => {
      if (!isInvalidRequest(error)) throw error;
      if (!(await stripe.transfers.retrieve(transfer)).reversed) throw error;
    });
}

interface PayoutReference {
  account: string;
  transfer: string;
  payout: string;
}

export const packReference = ({ account, transfer, payout }: PayoutReference): string =>
  `${account}/${transfer}/${payout}`;

function unpackReference(reference: string): PayoutReference {
  const [account, transfer, payout] = reference.split('/');
  if (account === undefined || transfer === undefined || payout === undefined) {
    throw new TypeError('a stored reference is none of the Stripe adapter’s');
  }
  return { account, transfer, payout };
}
