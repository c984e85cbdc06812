import { defineFaults } from '@edda/faults';

/** Why Njörðr refuses or fails a compute request; Heidrun's reasons about money pass through unchanged. */
export const njordrFaults = defineFaults('njordr', {
  MODEL_UNKNOWN: {
    kind: 'not-found',
    meaning: 'No provider on the market offers this model.',
    remedy: 'Choose one of the models listed by the market.',
  },
  MULTIPLE_ANSWERS_UNSUPPORTED: {
    kind: 'invalid',
    meaning: 'More than one answer was asked for.',
    remedy: 'Send n = 1 and repeat the request for more answers.',
  },
  CONTEXT_TOO_LONG: {
    kind: 'precondition',
    meaning: 'Prompt and output fit no provider’s context.',
    remedy: 'Shorten the prompt, ask for less output, or choose another model; the metadata has the input tokens.',
  },
  PROMPT_TOO_LARGE: {
    kind: 'invalid',
    meaning: 'The prompt is larger than this market accepts.',
    remedy: 'Shorten the prompt; the metadata has the limit in bytes.',
  },
  MAX_COST_EXCEEDED: {
    kind: 'precondition',
    meaning: 'Every provider costs more than the requester allows.',
    remedy: 'Raise max_cost_cents, or ask for less output.',
  },
  NO_PROVIDER_AVAILABLE: {
    kind: 'exhausted',
    meaning: 'No provider passes all filters, or all of them are full right now.',
    remedy:
      'Retry as the retry information says, or relax the preferences; the metadata counts what each filter removed.',
  },
  PROVIDERS_FAILED: {
    kind: 'unavailable',
    meaning: 'Every provider that was asked failed before its first token.',
    remedy: 'Nothing was charged; send the request again.',
  },
  EMPTY_ANSWER: {
    kind: 'precondition',
    meaning: 'The provider finished without writing anything.',
    remedy: 'Nothing was charged; change the prompt or send the request again.',
  },
  REQUEST_REFUSED_BY_PROVIDER: {
    kind: 'precondition',
    meaning: 'The provider finds fault with the request itself.',
    remedy: 'Nothing was charged; correct the request as the message says.',
  },
  REQUEST_DENIED: {
    kind: 'forbidden',
    meaning: 'A policy of this market denies the request.',
    remedy: 'The message has the policy’s reason.',
  },
  NO_POLICY_SNAPSHOT: {
    kind: 'unavailable',
    meaning: 'No policies have been received yet, so nothing can be allowed.',
    remedy: 'Retry shortly.',
  },
  POLICY_ERROR: {
    kind: 'forbidden',
    meaning: 'A policy could not be evaluated, so the request is denied.',
    remedy: 'The operator must correct the policy.',
  },
  RESULTS_NOT_KEPT: {
    kind: 'precondition',
    meaning: 'This market keeps no answers, so they cannot be fetched later.',
    remedy: 'Use the streaming call.',
  },
  ROUTING_DECISION_EXPIRED: {
    kind: 'not-found',
    meaning: 'How this request was routed is no longer kept.',
    remedy: 'Ask sooner after the request.',
  },
  SETTLEMENT_DELAYED: {
    kind: 'unavailable',
    meaning: 'The answer was delivered, but its bill could not be made now.',
    remedy: 'It will be settled exactly once by itself; read the request later for the receipt.',
  },
  PROVIDER_ALREADY_REGISTERED: {
    kind: 'already-exists',
    meaning: 'This device is registered in the network already.',
    remedy: 'Change it with UpdateProvider; the metadata has its provider_id if it is yours.',
  },
  PROVIDER_LIMIT_REACHED: {
    kind: 'precondition',
    meaning: 'The owner has as many providers as this market allows.',
    remedy: 'Unregister one that is no longer used.',
  },
  PAYMENT_METHOD_REQUIRED: {
    kind: 'precondition',
    meaning: 'The owner has no verified method to be paid by.',
    remedy: 'Add and verify a payment method for payouts, then register again.',
  },
  PROVIDER_SUSPENDED: {
    kind: 'precondition',
    meaning: 'An operator has taken this provider off the market.',
    remedy: 'Contact the operator; the message has the reason.',
  },
  PROVIDER_UNREGISTERED: {
    kind: 'precondition',
    meaning: 'This provider was unregistered for good.',
    remedy: 'Register the device anew.',
  },
});
