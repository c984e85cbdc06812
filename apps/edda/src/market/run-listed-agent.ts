import { run as runAgent } from '@edda/app-vedrfolnir/run';
import { njordr } from '@edda/contracts';
import { type Logger } from '@edda/telemetry';
import { type LocalAgent, type LocalAgentOptions } from './local-agent.ts';
import { until } from './until.ts';

export interface AgentPlace {
  /** Njörðr's gRPC interface. */
  address: string;
  token: () => Promise<string>;
  options: LocalAgentOptions;
  logger: Logger;
}

/** Longest wait for registration, connection test and decision, ms: as for any other part, on a busy machine. */
const listedWithinMs = 90_000;

/** Runs an agent in this process and waits until the market lists it. */
export async function runListedAgent({ address, token, options, logger }: AgentPlace): Promise<LocalAgent> {
  const agent = await runAgent({
    ...{ token, logger, settings: agentSettings(address, options) },
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: options.tracesUrl },
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

function agentSettings(address: string, options: LocalAgentOptions) {
  return {
    market: { address },
    provider: {
      register: true,
      deviceId: options.deviceId,
      displayName: options.displayName,
      capacity: options.capacity,
      price: { priceCents: options.priceCents, unitTokens: 1_000 },
      sharing: options.sharing ?? ('public' as const),
    },
    upstream: {
      kind: 'builtin' as const,
      builtin: {
        quality: options.quality,
        tokensPerSecond: options.tokensPerSecond,
        firstTokenDelayMs: options.firstTokenDelayMs,
        ...(options.model !== undefined && { model: options.model }),
      },
    },
    // On one machine Njörðr is back within seconds; nobody is spared by waiting longer.
    link: { drainGraceMs: 5_000, reconnectMaxMs: 1_000 },
    operations: { enabled: options.operationsPort !== undefined, port: options.operationsPort ?? 0 },
  };
}
