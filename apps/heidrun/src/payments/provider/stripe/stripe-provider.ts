import Stripe from 'stripe';
import { type PaymentProvider } from '../payment-provider.ts';
import { createStripeCharges } from './stripe-charges.ts';
import { createStripeMethods } from './stripe-methods.ts';
import { createStripePayouts } from './stripe-payouts.ts';
import { createReadStripeWebhook } from './stripe-webhook.ts';

export interface StripeOptions {
  /** `sk_…` */
  secretKey: string;
  /** `whsec_…` */
  webhookSecret: string;
  /** Where payers are sent back to after they confirmed something at Stripe or their bank. */
  returnUrl: string;
  /** `https://api.stripe.com`; another only for tests. */
  url: string;
  /** Of one call; each is repeated twice, with its idempotency key, where Stripe allows that. */
  timeoutMs: number;
}

/**
 * Stripe by its official SDK: setup intents verify methods, payment intents charge them, transfers with payouts of
 * connected accounts pay out. Every write carries an idempotency key derived from our own operation. Stripe forgets
 * keys after a day at the earliest, so what is repeated is looked for first, by our key in its metadata.
 */
export function createStripeProvider({
  secretKey,
  webhookSecret,
  returnUrl,
  url,
  timeoutMs,
}: StripeOptions): PaymentProvider {
  const { hostname: host, port, protocol } = new URL(url);
  const stripe = new Stripe(secretKey, {
    host,
    ...(port !== '' && { port }),
    protocol: protocol === 'http:' ? 'http' : 'https',
    timeout: timeoutMs,
    maxNetworkRetries: 2,
    // What is sent to Stripe is the request, nothing about earlier ones.
    telemetry: false,
  });
  const payouts = createStripePayouts(stripe);
  return {
    name: 'stripe',
    ...createStripeMethods(stripe, returnUrl),
    ...createStripeCharges(stripe, returnUrl),
    ...payouts,
    readWebhook: createReadStripeWebhook(stripe, webhookSecret, payouts),
  };
}
