import Stripe from 'stripe';

/**
 * Whether Stripe refused for good: the card, or the request as such. Everything else (busy, a conflict of keys, an
 * error of its own, no answer at all) leaves the outcome unknown.
 */
export function isRefusal(error: unknown): error is Stripe.errors.StripeError {
  return error instanceof Stripe.errors.StripeCardError || isInvalidRequest(error);
}

export function isInvalidRequest(error: unknown): error is Stripe.errors.StripeInvalidRequestError {
  // Funds on their way make the same request possible later.
  return error instanceof Stripe.errors.StripeInvalidRequestError && error.code !== 'balance_insufficient';
}

export const isMissing = (error: unknown): boolean => isInvalidRequest(error) && error.code === 'resource_missing';

/** Words for people. Stripe writes messages about cards for them; others may quote ids and are told by their code. */
export function reasonOf(error: Stripe.errors.StripeError): string {
  if (error instanceof Stripe.errors.StripeCardError) return error.message;
  return `The payment provider refused it (${error.code ?? 'invalid_request'}).`;
}
