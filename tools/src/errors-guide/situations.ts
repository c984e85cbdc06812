/** What goes wrong in practice, and how it shows: a reason (checked against the code) or an outcome without any. */
export interface Situation {
  what: string;
  /** Reasons the caller meets; empty when the request succeeds all the same. */
  reasons: readonly string[];
  /** What else there is to know: who pays, what becomes of the rest. */
  then: string;
}

/** Input that is refused; nothing is held or charged for it. */
export const badInput: readonly Situation[] = [
  {
    what: 'an unknown model',
    reasons: ['MODEL_UNKNOWN'],
    then: 'GET /v1/models, or ListProviders, says what there is.',
  },
  { what: 'no messages and no prompt', reasons: ['INVALID_INPUT'], then: 'The violation names the field.' },
  {
    what: 'a maximum cost below every estimate',
    reasons: ['MAX_COST_EXCEEDED'],
    then: 'No provider was asked.',
  },
  {
    what: 'a count below 0 or above 10^12',
    reasons: ['TOKEN_COUNT_OUT_OF_RANGE', 'INVALID_INPUT'],
    then: 'Never clamped. INVALID_INPUT where the bound of the field itself is narrower.',
  },
  { what: 'a cost that does not fit 64 bits', reasons: ['AMOUNT_OVERFLOW'], then: 'Never wrapped.' },
  { what: 'more than one answer (n > 1)', reasons: ['MULTIPLE_ANSWERS_UNSUPPORTED'], then: 'Ask once per answer.' },
  {
    what: 'prompt and output beyond every context',
    reasons: ['CONTEXT_TOO_LONG', 'PROMPT_TOO_LARGE'],
    then: 'The metadata has the figures.',
  },
  { what: 'malformed JSON', reasons: ['BODY_MALFORMED'], then: 'HTTP only.' },
  {
    what: 'a body of another content type',
    reasons: ['CONTENT_TYPE_UNSUPPORTED'],
    then: 'HTTP only.',
  },
  {
    what: 'an oversized body or message',
    reasons: ['BODY_TOO_LARGE'],
    then: 'gRPC takes 4 MiB; HTTP what the setting says.',
  },
  { what: 'no token', reasons: ['TOKEN_MISSING'], then: '' },
  { what: 'an expired token', reasons: ['TOKEN_EXPIRED'], then: 'Long streams end with it too.' },
  { what: 'a token of another issuer, or garbage', reasons: ['TOKEN_INVALID'], then: '' },
  { what: 'a token without the role', reasons: ['ROLE_FORBIDDEN'], then: 'The message names the roles.' },
  {
    what: 'somebody else’s id',
    reasons: ['NOT_FOUND'],
    then: 'The same answer as for an id that does not exist.',
  },
  {
    what: 'no verified payment method',
    reasons: ['PAYMENT_METHOD_REQUIRED', 'PAYMENT_METHOD_NOT_VERIFIED'],
    then: 'Requesters before a request, owners before their provider is listed.',
  },
  { what: 'an empty wallet', reasons: ['INSUFFICIENT_FUNDS'], then: 'HTTP 402; the metadata has the figures.' },
  {
    what: 'the same idempotency key with other content',
    reasons: ['IDEMPOTENCY_CONFLICT'],
    then: 'The first outcome stands.',
  },
  {
    what: 'a payment notification with a bad or missing signature, a changed body, or signed too long ago',
    reasons: ['WEBHOOK_SIGNATURE_INVALID'],
    then: 'Nothing of it is kept; charges and payouts are asked after as well.',
  },
  {
    what: 'a payment notification sent again',
    reasons: [],
    then: 'Answered as before, with `replayed`: true; it moves money once.',
  },
  {
    what: 'a notification of a payment provider that is not configured',
    reasons: ['PAYMENT_PROVIDER_UNKNOWN'],
    then: 'The path names the provider.',
  },
  {
    what: 'a provider without any price, or a price that does not exist',
    reasons: ['PROVIDER_UNKNOWN', 'PRICE_NOT_FOUND'],
    then: '',
  },
  {
    what: 'a capture above its hold, by a provider that is not pinned, or too late',
    reasons: ['AMOUNT_EXCEEDS_HOLD', 'PROVIDER_NOT_PINNED', 'PREAUTH_EXPIRED'],
    then: 'The hold stays as it was.',
  },
  {
    what: 'a step that the object’s state does not allow',
    reasons: ['ILLEGAL_TRANSITION'],
    then: 'Such as capturing what was cancelled.',
  },
  { what: 'refunds above what was captured', reasons: ['REFUND_EXCEEDS_CAPTURED'], then: 'Refunds add up.' },
  {
    what: 'invalid settings',
    reasons: ['SETTINGS_INVALID'],
    then: 'At the start the service does not start; later the old values stay in force.',
  },
];

/** Peers, clients and machines that misbehave or fail. */
export const peerFaults: readonly Situation[] = [
  {
    what: 'an agent stalls or disconnects before the first token',
    reasons: ['PROVIDERS_FAILED', 'NO_PROVIDER_AVAILABLE'],
    then: 'Only when no other provider answers; nothing is charged.',
  },
  {
    what: 'an agent stalls or disconnects after the first token',
    reasons: [],
    then: 'COMPLETED with finish reason `provider_failed`; delivered output is charged, the input is not.',
  },
  {
    what: 'an agent finishes without a token',
    reasons: ['EMPTY_ANSWER'],
    then: 'Nothing is charged.',
  },
  {
    what: 'an agent sends more than was asked for',
    reasons: [],
    then: 'Cut at the budget, finish reason `length`; never more than the hold is charged.',
  },
  {
    what: 'an agent lies about its tokens',
    reasons: [],
    then: 'Our own count is billed; the deviation lowers the provider’s quality.',
  },
  {
    what: 'an agent sends garbage, unknown job ids, or more than its window',
    reasons: ['INVALID_INPUT'],
    then: 'Rejected on its line; its jobs fail over like those of a lost line. Too much of it closes the line.',
  },
  {
    what: 'an agent of another owner, a suspended or an unregistered device',
    reasons: ['NOT_FOUND', 'PROVIDER_SUSPENDED', 'PROVIDER_UNREGISTERED'],
    then: 'Rejected; other devices of the same stream go on.',
  },
  {
    what: 'the provider refuses the request itself',
    reasons: ['REQUEST_REFUSED_BY_PROVIDER'],
    then: 'Nobody else is asked; nothing is charged.',
  },
  {
    what: 'the client vanishes before the first token',
    reasons: ['CANCELLED'],
    then: 'CANCELLED; nothing is charged.',
  },
  {
    what: 'the client vanishes after the first token',
    reasons: ['CANCELLED'],
    then: 'COMPLETED with finish reason `cancelled`; input and delivered output are charged.',
  },
  {
    what: 'the client reads slowly',
    reasons: ['DEADLINE_EXCEEDED', 'WATCHER_TOO_SLOW'],
    then: 'The provider is slowed down with it, buffers stay bounded. A watcher resumes from its cursor.',
  },
  {
    what: 'Heidrun or its database is down before the hold',
    reasons: ['DEPENDENCY_UNAVAILABLE'],
    then: 'No provider was asked; nothing is charged.',
  },
  {
    what: 'Heidrun or its database is lost after delivery',
    reasons: ['SETTLEMENT_DELAYED'],
    then: 'Settled exactly once by recovery, from the last checkpoint.',
  },
  {
    what: 'Njörðr dies during a request',
    reasons: ['DEPENDENCY_UNAVAILABLE', 'SETTLEMENT_DELAYED'],
    then: 'Repeat with the same key: the first result, or an honest error; the last checkpoint is settled once.',
  },
  {
    what: 'Nornen is down',
    reasons: ['NO_POLICY_SNAPSHOT', 'OUTBOX_FULL'],
    then: 'Requests go on with the newest policies received. Without any they are denied; a full outbox slows intake.',
  },
  {
    what: 'the database restarts during a commit',
    reasons: ['COMMIT_OUTCOME_UNKNOWN'],
    then: 'Repeat with the same key.',
  },
  {
    what: 'a service shuts down',
    reasons: ['DRAINING'],
    then: 'Running calls finish; another instance answers.',
  },
];
