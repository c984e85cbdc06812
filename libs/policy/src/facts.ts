/** Types a fact may have; every number is a CEL `int`, that is a 64-bit integer (bigint here). */
export type FactType = 'int' | 'string' | 'bool' | 'list<string>';

/** The facts each kind of decision gives its rules. Money is in cents, time in milliseconds. */
export const factTypes = {
  'provider-registration': {
    owner_id: 'string',
    network_id: 'string',
    device_id: 'string',
    models: 'list<string>',
    price_cents: 'int',
    price_unit_tokens: 'int',
    latency_ms: 'int',
    capacity: 'int',
    payout_verified: 'bool',
  },
  request: {
    requester_id: 'string',
    network_id: 'string',
    model: 'string',
    input_tokens: 'int',
    max_output_tokens: 'int',
    max_cost_cents: 'int',
    estimated_cost_cents: 'int',
    payment_verified: 'bool',
    blocked: 'bool',
  },
} as const satisfies Record<string, Record<string, FactType>>;

/** What is being decided. */
export type PolicyKind = keyof typeof factTypes;

interface ValueOf {
  int: bigint;
  string: string;
  bool: boolean;
  'list<string>': readonly string[];
}

/** The facts a decision of this kind needs, all of them. */
export type Facts<Kind extends PolicyKind = PolicyKind> = {
  readonly [Name in keyof (typeof factTypes)[Kind]]: (typeof factTypes)[Kind][Name] extends FactType
    ? ValueOf[(typeof factTypes)[Kind][Name]]
    : never;
};
