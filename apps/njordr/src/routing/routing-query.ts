/** What routing asks of providers, without the prompt; stored beside the decision, so that a score can be recomputed. */
export interface RoutingQuery {
  model: string;
  /** The requester's tenant. */
  networkId: string;
  inputTokens: bigint;
  /** Absent: as many as context, maximum cost and wallet allow. */
  maxOutputTokens?: bigint | undefined;
  /** Cents; absent: no limit known here. */
  maxCostCents?: bigint | undefined;
  minQuality: number;
  /** 0 means any. */
  maxLatencyMs: number;
  /** Empty means any. */
  onlyProviders: readonly string[];
  ignoreProviders: readonly string[];
  ownNetworkOnly: boolean;
  trustedOnly: boolean;
}

/** Percent each; together 100. */
export interface Weights {
  readonly price: number;
  readonly quality: number;
  readonly latency: number;
  readonly availability: number;
  readonly fairness: number;
}

/** Constants of one epoch that all its scores refer to. */
export interface Reference {
  /** Seconds since 1970. */
  readonly epoch: number;
  /** The model's median price, cents per 1,000 tokens. */
  readonly medianPriceCents: number;
  readonly meanServed: number;
  /** Latency at which the latency term is one half, ms. */
  readonly latencyMs: number;
}

/** Output tokens assumed for prices and cost limits where the request names none. */
export const ASSUMED_OUTPUT_TOKENS = 256n;
