/**
 * Where reasons come from that no RPC's comment names, or what to say instead of the RPCs; by `domain REASON`.
 * A reason with neither an RPC nor a line here fails the check.
 */
export const raisedElsewhere: Readonly<Record<string, string>> = {
  ...all('edda', 'every RPC and route', [
    'INVALID_INPUT',
    'TOKEN_MISSING',
    'TOKEN_INVALID',
    'TOKEN_EXPIRED',
    'ROLE_FORBIDDEN',
    'RATE_LIMITED',
    'DEPENDENCY_UNAVAILABLE',
    'DRAINING',
    'DEADLINE_EXCEEDED',
    'CANCELLED',
    'INTERNAL',
  ]),
  'edda IDEMPOTENCY_CONFLICT': 'every mutation',
  'edda UNIMPLEMENTED': 'what a service’s README calls UNIMPLEMENTED',
  'edda BODY_MALFORMED': 'every HTTP route that takes a body',
  'edda BODY_TOO_LARGE': 'every RPC and route; metadata beyond its limit as well',
  'edda CURRENCY_UNKNOWN': 'settings, when an amount is shown',
  'edda JSON_INTEGER_OVERFLOW': 'every HTTP route, for integers beyond 2^53 − 1',
  ...all('edda', 'every RPC that moves money; a sign of damaged rows', [
    'COMMISSION_CARRY_OUT_OF_RANGE',
    'EARNINGS_NOT_ATTRIBUTABLE',
    'REFUND_HISTORY_INCONSISTENT',
  ]),
  'edda SECOND_REPLICA_NEEDS_REDIS': 'the start of a service beside another replica',
  'edda SETTINGS_INVALID': 'the start of a service; later only its log, the old values stay',
  'edda SECRET_MISSING': 'the start of a service',
  'edda POLICY_INVALID': 'the start of Nornen; later only its log, the old policies stay',
  ...all('heidrun.edda', 'the start of Heidrun', ['PAYMENT_KEYS_INVALID', 'PAYMENT_PROVIDER_NOT_CONFIGURED']),
  'heidrun.edda PAYMENT_TOKEN_UNREADABLE': 'PaymentService.TopUp and its recovery',
  'heidrun.edda TRANSFER_CONFLICT': 'every RPC that posts transfers; a fault of ours',
  ...all('njordr.edda', 'every HTTP route', ['ROUTE_UNKNOWN', 'CONTENT_TYPE_UNSUPPORTED']),
  ...all('njordr.edda', '`POST /v1/chat/completions`, `POST /v1/completions`', ['ANSWER_TOO_LARGE', 'ANSWER_NOT_KEPT']),
  'njordr.edda PAYMENT_METHOD_REQUIRED': 'the registration workflow, as the provider’s status reason',
  ...all('pg-kit.edda', 'every RPC that writes', [
    'COMMIT_OUTCOME_UNKNOWN',
    'TRANSACTION_ABORTED',
    'TRANSACTION_NESTED',
    'TRANSACTION_CONTENDED',
  ]),
  ...all('pg-kit.edda', 'the start of a service', [
    'MIGRATION_EDITED',
    'MIGRATION_MISSING',
    'MIGRATION_OUT_OF_ORDER',
    'MIGRATION_FAILED',
    'EMBEDDED_POSTGRES_UNSUPPORTED',
    'EMBEDDED_POSTGRES_IN_USE',
    'EMBEDDED_POSTGRES_FAILED',
  ]),
  ...all('vedrfolnir.edda', 'the start of the agent', ['NO_TOKEN', 'NO_MODELS']),
};

function all(domain: string, where: string, reasons: readonly string[]): Record<string, string> {
  return Object.fromEntries(reasons.map((reason) => [`${domain} ${reason}`, where]));
}
