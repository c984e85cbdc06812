import { run as runAgent } from '@edda/app-vedrfolnir/run';
import { njordr } from '@edda/contracts';
import { type Logger } from '@edda/telemetry';
import { ensurePaymentMethod, type MarketUser, tokensOf } from './market-user.ts';
import { type Market } from './start-market.ts';
import { until } from './until.ts';

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
  logger: Logger;
}

/** A provider on this machine that serves the builtin model. */
export interface LocalAgent {
  readonly providerId: string;
  readonly displayName: string;
  close(): Promise<void>;
}

/** Longest wait for registration, connection test and decision, ms. */
const listedWithinMs = 20_000;

/** Gives the owner a payout method, starts the agent and waits until the market lists it. */
export async function startLocalAgent(market: Market, options: LocalAgentOptions): Promise<LocalAgent> {
  const { owner, logger } = options;
  await ensurePaymentMethod(market, owner, 'payout', logger);
  const agent = await runAgent({
    token: tokensOf(market, owner),
    logger,
    settings: {
      market: { address: market.addresses.njordr },
      provider: {
        register: true,
        deviceId: options.deviceId,
        displayName: options.displayName,
        capacity: options.capacity,
        price: { priceCents: options.priceCents, unitTokens: 1_000 },
        sharing: options.sharing ?? 'public',
      },
      upstream: {
        kind: 'builtin',
        builtin: {
          quality: options.quality,
          tokensPerSecond: options.tokensPerSecond,
          firstTokenDelayMs: options.firstTokenDelayMs,
          ...(options.model !== undefined && { model: options.model }),
        },
      },
      link: { drainGraceMs: 5_000 },
      operations: { enabled: options.operationsPort !== undefined, port: options.operationsPort ?? 0 },
    },
  });
  try {
    await until(`${options.displayName} is listed`, listedWithinMs, () => {
      const { link, status } = agent.state();
      if (link === 'rejected') throw new Error(`the market refused the provider ${options.displayName}`);
      return status === njordr.ProviderStatus.ACTIVE;
    });
  } catch (error) {
    await agent.close();
    throw error;
  }
  return {
    providerId: agent.state().providerId,
    displayName: options.displayName,
    close: () => agent.close(),
  };
}
