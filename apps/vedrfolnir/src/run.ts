import { type njordr } from '@edda/contracts';
import { createSettings, type DeepPartial, secretsFromEnv, type Settings } from '@edda/settings';
import {
  createLogger,
  createMetrics,
  type Logger,
  type Metrics,
  openLogFile,
  openTracer,
  startOperationsServer,
} from '@edda/telemetry';
import { createAgentMetrics } from './agent-metrics.ts';
import { createIntroduction } from './introduction.ts';
import { createBackoff } from './link/backoff.ts';
import { createJobTable } from './link/job-table.ts';
import { type Link, type LinkState, startLink } from './link/link.ts';
import { createMarketClient, createTokenSource, type TokenSource } from './market-client.ts';
import { agentSecrets, type AgentSettings, agentSettings } from './settings.ts';
import { createUpstream } from './upstream/create-upstream.ts';

export interface AgentOptions {
  /** Win over the settings file. */
  settings?: DeepPartial<AgentSettings>;
  /** JSON; main takes it from `--settings` or EDDA_SETTINGS. */
  settingsFile?: string;
  /** Where secrets come from; `process.env` in main. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Instead of the environment's token. */
  token?: TokenSource;
  logger?: Logger;
  /** In [0, 1); for jitter and for seeds of jobs that name none. */
  random?: () => number;
}

export interface Agent {
  state: () => { link: LinkState; providerId: string; status: njordr.ProviderStatus; activeJobs: number };
  readonly ports: { operations?: number };
  /** Resolves when the agent is over: closed, or refused by the market for good. */
  readonly over: Promise<LinkState>;
  /** Drains within `link.drainGraceMs`, then closes everything; calling it again waits for the same end. */
  close: () => Promise<void>;
}

/** Starts the agent; it returns at once and keeps trying to reach the market and the upstream. */
export async function run(options: AgentOptions = {}): Promise<Agent> {
  const env = options.env ?? {};
  const secrets = secretsFromEnv(agentSecrets, env);
  const settings = await createSettings({
    schema: agentSettings,
    ...(options.settingsFile !== undefined && { file: options.settingsFile }),
    ...(options.settings && { overrides: options.settings }),
  });
  const values = settings.current();
  const logger = options.logger ?? openLogger(settings);
  const random = options.random ?? Math.random;

  // Metrics of the process belong to whoever owns the process; agents may share one.
  const metrics = createMetrics({ service: 'vedrfolnir', processMetrics: values.operations.enabled });
  const counted = createAgentMetrics(metrics);
  const endpoint = secrets.OTEL_EXPORTER_OTLP_ENDPOINT;
  const tracer = await openTracer({ service: 'vedrfolnir', endpoint, metrics, logger: logger.module('tracing') });
  const upstream = await createUpstream(values.upstream, secrets.VEDRFOLNIR_UPSTREAM_API_KEY, random);
  const token = options.token ?? createTokenSource(values.market.tokenFile, secrets.VEDRFOLNIR_TOKEN);
  const market = createMarketClient(values.market, token, logger);

  const stopping = new AbortController();
  const { introduce, upstreamModelOf } = createIntroduction({
    settings: values,
    upstream,
    registration: market.registration,
    logger,
    stopping: stopping.signal,
  });
  const capacity = () => values.provider.capacity;
  const jobs = createJobTable({ upstream, upstreamModelOf, capacity, now: () => Date.now(), tracer, ...counted.jobs });
  const link: Link = startLink({
    dial: market.dial,
    introduce,
    providerId: values.provider.id,
    jobs,
    upstream,
    upstreamModelOf,
    welcomeTimeoutMs: values.link.welcomeTimeoutMs,
    backoff: createBackoff({ baseMs: values.link.reconnectBaseMs, maxMs: values.link.reconnectMaxMs, random }),
    stableAfterMs: values.link.stableAfterMs,
    logger: logger.module('link'),
    onState: counted.state,
    onStatus: (status) => logger.info({ status }, 'the market says where the provider stands'),
  });
  const operations = await serveOperations(values.operations, metrics, logger, () => link.state === 'connected');
  let closing: Promise<void> | undefined;
  async function shutDown(): Promise<void> {
    stopping.abort();
    await link.drain(values.link.drainGraceMs);
    market.close();
    await operations?.close();
    await tracer?.close();
    settings.close();
  }
  return {
    state: () => ({ link: link.state, providerId: link.providerId, status: link.status, activeJobs: jobs.active }),
    ports: operations ? { operations: operations.port } : {},
    over: link.over,
    close: () => (closing ??= shutDown()),
  };
}

/** The agent's own log, whose levels follow the settings. */
function openLogger(settings: Settings<AgentSettings>): Logger {
  const { level, modules, file } = settings.current().log;
  // Stays open until the process ends: closing is logged, too.
  const destination = file.path === undefined ? 'stdout' : openLogFile(file.path, file);
  const logger = createLogger({ service: 'vedrfolnir', level, modules, destination });
  settings.onChange((_, { log }) => logger.setLevels(log));
  settings.logTo(logger.module('settings'));
  return logger;
}

async function serveOperations(
  settings: AgentSettings['operations'],
  metrics: Metrics,
  logger: Logger,
  isConnected: () => boolean,
) {
  if (!settings.enabled) return undefined;
  const { host, port } = settings;
  return startOperationsServer({ host, port, metrics, logger, checks: { market: isConnected } });
}
