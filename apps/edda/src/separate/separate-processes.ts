import { join } from 'node:path';
import { startEmbeddedPostgres } from '@edda/pg-kit';
import { type Logger } from '@edda/telemetry';
import { type DataFolder } from '../data/data-folder.ts';
import { type MarketMode } from '../market/market-mode.ts';
import { ensurePaymentMethod } from '../market/market-user.ts';
import { type PartOrder, type PartReady } from './part-order.ts';
import { type Part, startPart } from './start-part.ts';
import { supervise, type Supervised } from './supervise.ts';

export interface SeparateOptions {
  folder: DataFolder;
  logger: Logger;
  /** Log lines on standard error instead of a file for each part. */
  verbose: boolean;
  /** One line for people, whenever a part ends or is back. */
  tell: (line: string) => void;
}

export interface SeparateMode extends MarketMode {
  /** Rejects when a part cannot be kept running. */
  readonly failed: Promise<never>;
}

/** Each service and agent in a process of its own, supervised from here; PostgreSQL is one anyway. */
export function separateProcesses(options: SeparateOptions): SeparateMode {
  const { folder, logger } = options;
  const failed = Promise.withResolvers<never>();
  // Whoever does not wait for it must not fall over it.
  failed.promise.catch(() => undefined);
  const supervision = (name: string) => ({
    name,
    tell(line: string) {
      logger.warn({ part: name }, line);
      options.tell(line);
    },
    onGivenUp: failed.reject,
  });
  const part = (order: PartOrder): Promise<Supervised<Part>> =>
    supervise({
      ...supervision(order.part),
      async start(last) {
        const started = await startPart(last === undefined ? order : samePorts(order, last.ready));
        logger.info({ part: order.part, pid: started.pid }, 'part runs');
        return started;
      },
    });
  const common = (name: string) => ({
    postgres: folder.postgres,
    logFile: options.verbose ? undefined : logFileOf(folder, name),
  });
  return {
    failed: failed.promise,
    async startPostgres({ dataDir, port }) {
      const postgres = await supervise({
        ...supervision('PostgreSQL'),
        start: (last: Awaited<ReturnType<typeof startPostgres>> | undefined) =>
          startPostgres(dataDir, last?.port ?? port, logger),
      });
      return {
        port: postgres.current().port,
        ensureDatabase: (name, role) => postgres.current().ensureDatabase(name, role),
        stop: () => postgres.close(),
      };
    },
    async startService(name, serviceOptions) {
      const order = { part: name, options: serviceOptions, ...common(name) } as PartOrder;
      const running = await part(order);
      return { ports: running.current().ready.ports, close: () => running.close() };
    },
    async startAgent(market, agentOptions) {
      await ensurePaymentMethod(market, agentOptions.owner, 'payout', logger);
      const agent = await part({
        part: 'agent',
        address: market.addresses.njordr,
        signingKeyFile: folder.signingKeyFile,
        options: agentOptions,
        ...common('agent'),
      });
      return {
        providerId: agent.current().ready.providerId ?? '',
        displayName: agentOptions.displayName,
        close: () => agent.close(),
      };
    },
  };
}

/** Where a part logs. */
export function logFileOf(folder: DataFolder, part: string): string {
  return join(folder.root, `${part}.log`);
}

async function startPostgres(dataDir: string, port: number, logger: Logger) {
  const postgres = await startEmbeddedPostgres({ dataDir, logger, ...(port !== 0 && { port }) });
  // One that ended by itself still holds the data folder's lock.
  const ended = postgres.exited.then(() => postgres.stop()).then(() => 'its server process is gone');
  return { ...postgres, ended, close: () => postgres.stop() };
}

/** The order of a part that comes back: where it listened before, on whatever ports it was given then. */
export function samePorts(order: PartOrder, { ports }: PartReady): PartOrder {
  if (order.part === 'agent') return order;
  const { settings } = order.options;
  const at = (use: 'grpc' | 'operations' | 'http', values: object | undefined) => ({
    [use]: { ...values, port: ports[use] },
  });
  const fixed = {
    ...settings,
    ...at('grpc', settings?.grpc),
    ...at('operations', settings?.operations),
    ...(order.part === 'njordr' && at('http', order.options.settings?.http)),
  };
  return { ...order, options: { ...order.options, settings: fixed } } as PartOrder;
}
