import { type Logger } from '@edda/telemetry';
import { type Market } from './market.ts';
import { ensurePaymentMethod, type MarketUser, tokensOf } from './market-user.ts';
import { runListedAgent } from './run-listed-agent.ts';

export interface LocalAgentOptions {
  owner: MarketUser;
  deviceId: string;
  displayName: string;
  /** Price in cents per 1,000 tokens. */
  priceCents: number;
  /** Jobs at the same time. */
  capacity: number;
  /** How many words the builtin model looks at together, 2 to 5. */
  quality: number;
  /** Tokens per second; 0 is as fast as it can. */
  tokensPerSecond: number;
  firstTokenDelayMs: number;
  /** Who may use it; everybody without it. */
  sharing?: 'own-network' | 'public';
  /** Name of the builtin model on the market; `builtin-ngram` without it. */
  model?: string;
  /** Port of /healthz and /metrics; none without it. */
  operationsPort?: number;
  /** Collector of its traces; none without it. */
  tracesUrl?: string | undefined;
}

/** A provider on this machine that serves the builtin model. */
export interface LocalAgent {
  readonly providerId: string;
  readonly displayName: string;
  close(): Promise<void>;
}

/** Gives the owner a payout method, starts the agent and waits until the market lists it. */
export async function startLocalAgent(
  market: Market,
  { logger, ...options }: LocalAgentOptions & { logger: Logger },
): Promise<LocalAgent> {
  await ensurePaymentMethod(market, options.owner, 'payout', logger);
  const address = market.addresses.njordr;
  return runListedAgent({ address, token: tokensOf(market, options.owner), options, logger });
}
