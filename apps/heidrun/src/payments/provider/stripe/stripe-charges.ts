import type Stripe from 'stripe';
import { type Charge, type ChargeResult, type PaymentProvider } from '../payment-provider.ts';
import { isInvalidRequest, isRefusal, reasonOf } from './stripe-errors.ts';
import { OPERATION, unpackToken } from './stripe-token.ts';

/** Charges as payment intents, confirmed when they are made. */
export function createStripeCharges(
  stripe: Stripe,
  returnUrl: string,
): Pick<PaymentProvider, 'charge' | 'findCharge' | 'cancelCharge'> {
  const findCharge = async (reference: string) => settled(stripe, await stripe.paymentIntents.retrieve(reference));
  return {
    charge: (request) => charge(stripe, returnUrl, request),
    findCharge,
    cancelCharge: async (reference) => {
      try {
        return toChargeResult(await stripe.paymentIntents.cancel(reference));
      } catch (error) {
        // Too late: it succeeded, or was given up, meanwhile.
        if (!isInvalidRequest(error)) throw error;
        return toChargeResult(await stripe.paymentIntents.retrieve(reference));
      }
    },
  };
}

async function charge(stripe: Stripe, returnUrl: string, request: Charge): Promise<ChargeResult> {
  const { idempotencyKey, repeated } = request;
  const earlier = repeated ? await findByOperation(stripe, idempotencyKey) : undefined;
  if (earlier !== undefined) return settled(stripe, earlier);
  try {
    const intent = await stripe.paymentIntents.create(paramsOf(request, returnUrl), { idempotencyKey });
    return await settled(stripe, intent);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const reference = error.payment_intent?.id ?? '';
    if (reference !== '') await giveUp(stripe, reference);
    return { status: 'declined', providerReference: reference, reason: reasonOf(error) };
  }
}

function paramsOf(request: Charge, returnUrl: string): Stripe.PaymentIntentCreateParams {
  const token = unpackToken(request.methodToken);
  if (!('method' in token)) throw new TypeError('a payout account is charged');
  return {
    amount: Number(request.amountCents),
    currency: request.currency.toLowerCase(),
    customer: token.customer,
    payment_method: token.method,
    allowed_payment_method_types: [token.type],
    confirm: true,
    ...(request.unattended ? { off_session: true } : { return_url: returnUrl }),
    ...(token.type !== 'card' && { mandate_data: { customer_acceptance: { type: 'offline' } } }),
    metadata: { [OPERATION]: request.idempotencyKey },
  };
}

async function findByOperation(stripe: Stripe, operation: string): Promise<Stripe.PaymentIntent | undefined> {
  const { data } = await stripe.paymentIntents.search({ query: `metadata['${OPERATION}']:'${operation}'`, limit: 1 });
  return data[0];
}

/** A declined intent would take another card, any time later: it is given up, so that declined stays declined. */
async function settled(stripe: Stripe, intent: Stripe.PaymentIntent): Promise<ChargeResult> {
  if (intent.status === 'requires_payment_method') await giveUp(stripe, intent.id);
  return toChargeResult(intent);
}

async function giveUp(stripe: Stripe, reference: string): Promise<void> {
  await stripe.paymentIntents.cancel(reference).catch((error: unknown) => {
    if (!isInvalidRequest(error)) throw error;
  });
}

/** How an intent stands, in the port's terms. */
export function toChargeResult(intent: Stripe.PaymentIntent): ChargeResult {
  const providerReference = intent.id;
  switch (intent.status) {
    case 'succeeded':
      return { status: 'succeeded', providerReference };
    case 'requires_action':
    case 'requires_confirmation': {
      const url = intent.next_action?.redirect_to_url?.url;
      return { status: 'action-required', providerReference, ...(url != null && { confirmationUrl: url }) };
    }
    case 'requires_payment_method':
    case 'canceled': {
      const reason = intent.last_payment_error?.message ?? 'The payment provider declined the charge.';
      return { status: 'declined', providerReference, reason };
    }
    default:
      return { status: 'processing', providerReference };
  }
}
