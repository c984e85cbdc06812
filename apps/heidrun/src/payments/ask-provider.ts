import { heidrunFaults } from '../faults.ts';
import { type PaymentDeps } from './payment-deps.ts';
import { type PaymentProvider } from './provider/payment-provider.ts';

/** @throws PAYMENT_PROVIDER_UNAVAILABLE when the payment provider does not answer: the outcome is unknown then */
export async function askProvider<T>(
  { provider, metrics }: Pick<PaymentDeps, 'provider' | 'metrics'>,
  ask: (provider: PaymentProvider) => Promise<T>,
): Promise<T> {
  try {
    const answer = await ask(provider);
    metrics.provider('answered');
    return answer;
  } catch (cause) {
    metrics.provider('unavailable');
    throw heidrunFaults.PAYMENT_PROVIDER_UNAVAILABLE('The payment provider does not answer.', {
      cause,
      retryAfterMs: 1_000,
    });
  }
}
