import { heidrunFaults } from '../faults.ts';
import { type PaymentDeps } from './payment-deps.ts';
import { type PaymentProvider } from './provider/payment-provider.ts';

/** @throws PAYMENT_PROVIDER_UNAVAILABLE when the payment provider does not answer: the outcome is unknown then */
export async function askProvider<T>(
  { provider }: Pick<PaymentDeps, 'provider'>,
  ask: (provider: PaymentProvider) => Promise<T>,
): Promise<T> {
  try {
    return await ask(provider);
  } catch (cause) {
    throw heidrunFaults.PAYMENT_PROVIDER_UNAVAILABLE('The payment provider does not answer.', {
      cause,
      retryAfterMs: 1_000,
    });
  }
}
