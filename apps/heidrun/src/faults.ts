import { defineFaults } from '@edda/faults';

/** Why Heidrun refuses something. What every service shares is in `commonFaults`, arithmetic in `moneyFaults`. */
export const heidrunFaults = defineFaults('heidrun', {
  PRICE_NOT_FOUND: {
    kind: 'not-found',
    meaning: 'The provider has no price in force for this model, or none of this version.',
    remedy: 'Check model and version; the provider’s owner sets prices when registering it.',
  },
  PROVIDER_UNKNOWN: {
    kind: 'not-found',
    meaning: 'No price was ever set for this provider.',
    remedy: 'Check the provider’s id; its owner sets prices when registering it.',
  },
  PRICE_AGAINST_POLICY: {
    kind: 'precondition',
    meaning:
      'The operator allows no such price: it lies outside of pricing.minCentsPerMillion and pricing.maxCentsPerMillion.',
    remedy: 'Choose a price within the bounds in the metadata.',
  },
  OWNER_MISMATCH: {
    kind: 'precondition',
    meaning: 'The provider’s prices so far belong to another owner.',
    remedy: 'Register the provider under a new id.',
  },
  PRICE_VERSION_CHANGED: {
    kind: 'conflict',
    meaning: 'A candidate’s price is no longer the one the ranking was made with.',
    remedy: 'Rank the providers again with current prices.',
  },
  TOKENS_REQUIRED: {
    kind: 'invalid',
    meaning: 'There is nothing to hold money for: no tokens were named.',
    remedy: 'Send estimated_tokens, input_tokens, a prompt or messages.',
  },
  MAX_COST_EXCEEDED: {
    kind: 'precondition',
    meaning: 'The request may cost more than the requester allows.',
    remedy: 'Raise max_cost_cents, or ask for less output; the metadata has the figures.',
  },
  INSUFFICIENT_FUNDS: {
    kind: 'insufficient-funds',
    meaning: 'The wallet does not cover the amount.',
    remedy: 'Top up the wallet; the metadata has the figures.',
  },
  ACCOUNT_FROZEN: {
    kind: 'precondition',
    meaning: 'The account takes no new holds, top-ups or payouts.',
    remedy: 'Contact the operator.',
  },
  PAYMENT_METHOD_REQUIRED: {
    kind: 'precondition',
    meaning: 'The user has no verified payment method.',
    remedy: 'Add a payment method and verify it.',
  },
  PREAUTH_EXPIRED: {
    kind: 'precondition',
    meaning: 'The hold’s time was over before it was captured.',
    remedy: 'Nothing was charged; send the request again.',
  },
  PROVIDER_NOT_PINNED: {
    kind: 'precondition',
    meaning: 'A leg names a provider that is not among the hold’s candidates.',
    remedy: 'Capture only what the hold’s candidates delivered.',
  },
  AMOUNT_EXCEEDS_HOLD: {
    kind: 'precondition',
    meaning: 'More was to be captured than is held.',
    remedy: 'Capture at most the held amount; the metadata has it.',
  },
  TRANSFER_CONFLICT: {
    kind: 'internal',
    meaning: 'A transfer with this id but other content was posted before.',
    remedy: 'Verify the ledger; transfer ids must derive from what caused them.',
  },
  PAYMENT_TOKEN_REJECTED: {
    kind: 'invalid',
    meaning: 'The payment provider does not accept the token, or not for this use.',
    remedy: 'Obtain a new token from the payment provider, or name the kind and purposes it was made for.',
  },
  PAYMENT_METHOD_LIMIT: {
    kind: 'precondition',
    meaning: 'The user has as many payment methods as one may have.',
    remedy: 'Remove one that is not used any more.',
  },
  PAYMENT_METHOD_NOT_VERIFIED: {
    kind: 'precondition',
    meaning: 'The payment method is not verified, or has expired.',
    remedy: 'Verify it first, or use another one.',
  },
  PAYMENT_METHOD_IN_USE: {
    kind: 'precondition',
    meaning: 'The payment method is still needed: a charge is under way, or open holds rest on it alone.',
    remedy: 'Wait until charges and requests have ended, or add another method first.',
  },
  PAYOUT_METHOD_NEEDED: {
    kind: 'precondition',
    meaning: 'Listed providers of the user rest on this payout method alone.',
    remedy: 'Add another payout method first, or unregister the providers and wait until needed_until has passed.',
  },
  PURPOSE_NOT_SUPPORTED: {
    kind: 'precondition',
    meaning: 'The payment method does not serve this purpose.',
    remedy: 'Use one of the method’s own purposes, or another method.',
  },
  VERIFICATION_FAILED: {
    kind: 'precondition',
    meaning: 'The payment provider did not accept the verification code.',
    remedy: 'Check the code; the metadata says how many attempts are left. Without any, add the method anew.',
  },
  PAYMENT_DECLINED: {
    kind: 'precondition',
    meaning: 'The payment provider declined the charge; nothing was credited.',
    remedy: 'Use another payment method, or contact the bank; then use a new idempotency key.',
  },
  TOP_UP_OUT_OF_RANGE: {
    kind: 'invalid',
    meaning: 'The amount lies outside of what may be bought at once.',
    remedy: 'Choose an amount within the bounds in the metadata.',
  },
  PAYMENT_PROVIDER_UNAVAILABLE: {
    kind: 'unavailable',
    meaning: 'The payment provider does not answer.',
    remedy: 'Retry with backoff and the same idempotency key.',
  },
  ALREADY_REFUNDED: {
    kind: 'precondition',
    meaning: 'All that was captured for this transaction has been given back.',
    remedy: 'Nothing is left to refund.',
  },
  SPENDING_LIMIT_EXCEEDED: {
    kind: 'precondition',
    meaning: 'With what was captured and is held, the requester’s own daily or monthly limit would be exceeded.',
    remedy: 'Raise the limit by SetSpendingLimit, or wait until the day or month (UTC) is over; the metadata has both.',
  },
  PAYOUT_METHOD_REQUIRED: {
    kind: 'precondition',
    meaning: 'The user has no verified method to be paid to.',
    remedy: 'Add a payout method and verify it.',
  },
  PAYOUT_BELOW_MINIMUM: {
    kind: 'precondition',
    meaning: 'The amount is less than is paid out at once.',
    remedy: 'Wait until more is payable; the metadata has the minimum.',
  },
  ACCOUNT_NOT_ADJUSTABLE: {
    kind: 'invalid',
    meaning: 'The account is none that an operator may correct.',
    remedy: 'Name a wallet or an earnings account of a user of your tenant.',
  },
  PAYMENT_PROVIDER_NOT_CONFIGURED: {
    kind: 'precondition',
    meaning: 'The payment provider of the settings lacks its secrets.',
    remedy: 'Set STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET, or payments.provider to sandbox.',
  },
  WEBHOOK_SIGNATURE_INVALID: {
    kind: 'invalid',
    meaning: 'The notification is not signed by the payment provider, or too long ago.',
    remedy: 'Check the webhook secret; the payment provider sends the notification again.',
  },
  PAYMENT_PROVIDER_UNKNOWN: {
    kind: 'not-found',
    meaning: 'No payment provider of this name is configured.',
    remedy: 'Check the path the payment provider notifies, and the setting payments.provider.',
  },
  PAYMENT_KEYS_INVALID: {
    kind: 'precondition',
    meaning: 'The keys that encrypt payment tokens are not configured as they must be.',
    remedy: 'Set HEIDRUN_PAYMENT_KEYS to `id:base64` of 32 random bytes; further keys follow after commas.',
  },
  PAYMENT_TOKEN_UNREADABLE: {
    kind: 'internal',
    meaning: 'A stored payment token cannot be decrypted.',
    remedy: 'Keep every key that ever encrypted in HEIDRUN_PAYMENT_KEYS; else the method must be added anew.',
  },
});
