import { type Pool } from 'pg';
import { heidrunFaults } from '../../faults.ts';
import { type PaymentProvider } from './payment-provider.ts';
import { createSandboxProvider } from './sandbox-provider.ts';
import { createStripeProvider } from './stripe/stripe-provider.ts';

interface ProviderOptions {
  pool: Pool;
  settings: {
    readonly provider: 'sandbox' | 'stripe';
    readonly returnUrl: string;
    readonly stripeUrl: string;
    readonly stripeTimeoutMs: number;
  };
  secrets: { readonly STRIPE_SECRET_KEY?: string | undefined; readonly STRIPE_WEBHOOK_SECRET?: string | undefined };
}

/** The payment provider of the settings. @throws PAYMENT_PROVIDER_NOT_CONFIGURED when its secrets are missing */
export function createPaymentProvider({ pool, settings, secrets }: ProviderOptions): PaymentProvider {
  switch (settings.provider) {
    case 'sandbox':
      return createSandboxProvider({ pool });
    case 'stripe': {
      const { STRIPE_SECRET_KEY: secretKey, STRIPE_WEBHOOK_SECRET: webhookSecret } = secrets;
      if (secretKey === undefined || webhookSecret === undefined) {
        throw heidrunFaults.PAYMENT_PROVIDER_NOT_CONFIGURED(
          'payments.provider is stripe, but STRIPE_SECRET_KEY or STRIPE_WEBHOOK_SECRET is not set.',
        );
      }
      const { returnUrl, stripeUrl, stripeTimeoutMs } = settings;
      return createStripeProvider({ secretKey, webhookSecret, returnUrl, url: stripeUrl, timeoutMs: stripeTimeoutMs });
    }
  }
}
