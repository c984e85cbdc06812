import type Stripe from 'stripe';
import { heidrunFaults } from '../../../faults.ts';
import { type MovementRef, type ProviderNews, type Webhook, type WebhookDelivery } from '../payment-provider.ts';
import { toChargeResult } from './stripe-charges.ts';
import { packReference, type StripePayouts, TRANSFER } from './stripe-payouts.ts';
import { OPERATION } from './stripe-token.ts';

/** Seconds a signature may be old: Stripe's own recommendation against replays. */
const TOLERANCE_SECONDS = 300;

/** Reads Stripe's notifications, after their signature. */
export function createReadStripeWebhook(stripe: Stripe, secret: string, payouts: StripePayouts) {
  return async ({ body, headers, receivedAt }: WebhookDelivery): Promise<Webhook> => {
    const event = verified(stripe, secret, { body, headers, receivedAt });
    return { eventId: event.id, type: event.type, news: await newsOf(event, payouts) };
  };
}

function verified(stripe: Stripe, secret: string, { body, headers, receivedAt }: WebhookDelivery): Stripe.Event {
  const signature = headers['stripe-signature'] ?? '';
  try {
    const at = receivedAt.getTime();
    return stripe.webhooks.constructEvent(body, signature, secret, TOLERANCE_SECONDS, undefined, at);
  } catch (cause) {
    throw heidrunFaults.WEBHOOK_SIGNATURE_INVALID('The notification is not signed by Stripe, or too long ago.', {
      cause,
    });
  }
}

async function newsOf(event: Stripe.Event, payouts: StripePayouts): Promise<ProviderNews | undefined> {
  switch (event.type) {
    case 'payment_intent.succeeded':
    case 'payment_intent.canceled': {
      const intent = event.data.object;
      return { about: 'charge', movement: chargeRef(intent), result: toChargeResult(intent) };
    }
    case 'charge.refunded': {
      const charge = event.data.object;
      const reversedCents = BigInt(charge.amount_refunded);
      return reversal(charge.payment_intent, reversedCents, 'Refunded at the payment provider.');
    }
    case 'charge.dispute.funds_withdrawn': {
      const dispute = event.data.object;
      return reversal(dispute.payment_intent, BigInt(dispute.amount), `Charged back (${dispute.reason}).`);
    }
    case 'payout.paid':
    case 'payout.failed':
    case 'payout.canceled':
      return payoutNews(event.account, event.data.object, payouts);
    default:
      // payment_intent.payment_failed as well: the answer to the charge, or asking after it, settles and gives it up.
      return undefined;
  }
}

const chargeRef = ({ id, metadata }: Stripe.PaymentIntent): MovementRef => ({
  reference: id,
  ...(metadata[OPERATION] !== undefined && { idempotencyKey: metadata[OPERATION] }),
});

function reversal(
  intent: string | Stripe.PaymentIntent | null,
  reversedCents: bigint,
  reason: string,
): ProviderNews | undefined {
  if (intent === null) return undefined;
  const movement = { reference: typeof intent === 'string' ? intent : intent.id };
  return { about: 'reversal', movement, reversedCents, reason };
}

/** The payout is asked after, not believed: notifications come late and out of order, and a failed one takes back. */
async function payoutNews(
  account: string | undefined,
  { id, metadata }: Stripe.Payout,
  payouts: StripePayouts,
): Promise<ProviderNews | undefined> {
  const transfer = metadata?.[TRANSFER];
  const idempotencyKey = metadata?.[OPERATION];
  // Not one of ours: a payout the account's owner made.
  if (account === undefined || transfer === undefined || idempotencyKey === undefined) return undefined;
  const reference = packReference({ account, transfer, payout: id });
  return { about: 'payout', movement: { reference, idempotencyKey }, result: await payouts.findPayout(reference) };
}
