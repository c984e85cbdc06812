import { join } from 'node:path';
import { rm } from 'node:fs/promises';
import {
  composeMarket,
  ensureFunds,
  ensurePaymentMethod,
  freePorts,
  type LocalAgentOptions,
  logFileOf,
  makeTemporaryFolder,
  type Market,
  type MarketSettings,
  type MarketUser,
  openDataFolder,
  type ServiceName,
} from '@edda/app-edda/separate';
import { createPool } from '@edda/pg-kit';
import { createCloseStack } from '@edda/service-kit';
import { createLogger, type Logger } from '@edda/telemetry';
import { type Pool } from 'pg';
import { createGate, type Gate } from '../proxies/gate.ts';
import { killableMode, killablePart } from './killable-mode.ts';
import { keepCheckpoints } from '../verify/keep-checkpoints.ts';
import { createProxies } from './proxies.ts';
import { startRedis } from './redis-part.ts';

/** A market whose every part is a process that can be killed, stopped at any step of a request. */
export interface World {
  readonly market: Market;
  readonly gate: Gate;
  readonly logger: Logger;
  /** Holds keys, data and every part's log. */
  readonly root: string;
  /** Names of what can be killed: the services, `postgres`, and each agent by its device. */
  readonly parts: readonly string[];
  /** A service's database as a superuser, past all proxies. */
  readonly databases: Readonly<Record<ServiceName, Pool>>;
  /** SIGKILL. */
  kill(part: string): Promise<void>;
  /** Starts what was killed, at the same address and over the same data. */
  start(part: string): Promise<void>;
  /** Leaves the folder where it is when the world is closed. */
  keep(): void;
  close(): Promise<void>;
}

export interface WorldOptions {
  agents: readonly LocalAgentOptions[];
  /** Each with a sandbox card and money. */
  requesters: readonly MarketUser[];
  fundsCents: bigint;
  /** More people with a payout method: owners of agents that run elsewhere. */
  payees?: readonly MarketUser[];
  settings?: MarketSettings;
  /** Starts a Redis for the services, if this machine has one. */
  redis?: boolean;
}

/** Opens a market in a temporary folder. What fails to open leaves nothing behind. */
export async function openWorld(options: WorldOptions): Promise<World> {
  const root = await makeTemporaryFolder('edda-chaos-');
  const folder = await openDataFolder(root);
  const logger = createLogger({ service: 'chaos', level: 'error', destination: 'stderr' });
  const stack = createCloseStack(logger);
  let kept = false;
  stack.add('folder', async () => {
    if (!kept) await rm(root, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  });
  try {
    const gate = createGate();
    const proxies = createProxies(gate);
    stack.add('proxies', () => proxies.close());
    const logFile = (part: string) => logFileOf(folder, part);
    const mode = killableMode({ logFile, postgres: folder.postgres, proxies, logger });
    const { settings = {} } = options;
    const redis = options.redis === true ? await startRedis() : undefined;
    if (redis !== undefined) {
      mode.parts.set('redis', redis.part);
      stack.add('Redis', () => redis.part.close());
    }
    const market = await composeMarket(
      { folder, ports: freePorts, logger, settings, redisUrl: redis?.url },
      {
        ...mode,
        startAgent: () => Promise.reject(new Error('agents are started apart')),
      },
    );
    stack.add('market', () => market.close());
    const pool = (service: ServiceName) => {
      const opened = createPool({ url: mode.databaseUrl(service), name: 'chaos', max: 2, logger: quiet });
      stack.add(`pool of ${service}`, () => opened.end());
      return opened;
    };
    const databases = {
      njordr: pool('njordr'),
      heidrun: pool('heidrun'),
      nornen: pool('nornen'),
      eikthyrnir: pool('eikthyrnir'),
    };
    await keepCheckpoints(databases.njordr);
    for (const requester of options.requesters) {
      await ensurePaymentMethod(market, requester, 'pay', logger);
      await ensureFunds(market, requester, options.fundsCents, logger);
    }
    for (const payee of options.payees ?? []) await ensurePaymentMethod(market, payee, 'payout', logger);
    const address = await proxies.beforeAgents(market.addresses.njordr);
    const { signingKeyFile, postgres } = folder;
    for (const agent of options.agents) {
      await ensurePaymentMethod(market, agent.owner, 'payout', logger);
      const order = {
        part: 'agent',
        address,
        signingKeyFile,
        options: agent,
        postgres,
        logFile: logFile(agent.deviceId),
      };
      const { part } = await killablePart({ ...order, part: 'agent' });
      mode.parts.set(agent.deviceId, part);
      stack.add(agent.deviceId, () => part.close());
    }
    const named = (name: string) => {
      const part = mode.parts.get(name);
      if (part === undefined) throw new Error(`no part is named ${name}`);
      return part;
    };
    return {
      ...{ market, gate, logger, root: join(root), databases },
      parts: [...mode.parts.keys()],
      kill: (part) => named(part).kill(),
      start: (part) => named(part).start(),
      keep: () => void (kept = true),
      close: () => stack.close(),
    };
  } catch (error) {
    await stack.close();
    throw error;
  }
}

/** Lost connections are what this is about. */
const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
