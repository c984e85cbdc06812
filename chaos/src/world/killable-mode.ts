import {
  type MarketMode,
  type Part,
  type PartOrder,
  samePorts,
  type ServiceName,
  startPart,
} from '@edda/app-edda/separate';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@edda/pg-kit';
import { type Logger } from '@edda/telemetry';
import { type Proxies } from './proxies.ts';

/** A part of the market that can be killed and started again. */
export interface Killable {
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** At the same address, over the same data. @throws what keeps it from starting */
  start(): Promise<void>;
  /** In order, at the end. */
  close(): Promise<void>;
}

export interface KillableMode extends Omit<MarketMode, 'startAgent'> {
  readonly parts: Map<string, Killable>;
  /** The superuser's URL of a database, past all proxies. */
  databaseUrl(service: ServiceName): string;
}

/** Each service in a process of its own behind proxies, each to be killed by its name. */
export function killableMode(options: {
  /** Where a part logs. */
  logFile: (part: string) => string;
  postgres: string;
  proxies: Proxies;
  logger: Logger;
}): KillableMode {
  const { proxies, logger } = options;
  const parts = new Map<string, Killable>();
  let superuserUrl = '';
  return {
    parts,
    databaseUrl: (service) => superuserUrl.replace(/\/[^/]*$/, `/${service}`),
    async startPostgres({ dataDir }) {
      let running = await startEmbeddedPostgres({ dataDir, logger });
      ({ superuserUrl } = running);
      const { port } = running;
      parts.set('postgres', {
        kill: () => killPostgres(running),
        async start() {
          running = await startEmbeddedPostgres({ dataDir, logger, port });
        },
        close: () => running.stop(),
      });
      return { port, ensureDatabase: (name, role) => running.ensureDatabase(name, role), stop: () => running.stop() };
    },
    async startService(name, serviceOptions) {
      const behind = await proxies.between(name, serviceOptions);
      const logFile = options.logFile(name);
      const order = { part: name, options: behind, postgres: options.postgres, logFile } as PartOrder;
      const { part, ports } = await killablePart(order);
      parts.set(name, part);
      return { ports, close: () => part.close() };
    },
  };
}

/** Starts a part that can be killed. */
export async function killablePart(order: PartOrder) {
  let running: Part = await startPart(order);
  const part: Killable = {
    kill: () => running.kill(),
    async start() {
      running = await startPart(samePorts(order, running.ready));
    },
    close: () => running.close(),
  };
  return { part, ports: running.ready.ports, providerId: running.ready.providerId ?? '' };
}

async function killPostgres(running: EmbeddedPostgres): Promise<void> {
  process.kill(running.pid, 'SIGKILL');
  await running.exited;
  // Gives the data folder's lock back.
  await running.stop();
}
