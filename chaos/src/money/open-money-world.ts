import { rm } from 'node:fs/promises';
import { logFileOf, makeTemporaryFolder, type MarketUser, openDataFolder, tokensOf } from '@edda/app-edda/separate';
import { createGrpcClient, createTokenMinter, type RpcService } from '@edda/grpc-kit';
import { createPool } from '@edda/pg-kit';
import { createCloseStack } from '@edda/service-kit';
import { createLogger, silentLogger } from '@edda/telemetry';
import { type Proxies } from '../world/proxies.ts';
import { killableMode } from '../world/killable-mode.ts';

/** Nothing stands between Heidrun and its database. */
const straight: Proxies = {
  between: (_, options) => Promise.resolve(options),
  beforeAgents: (address) => Promise.resolve(address),
  close: () => Promise.resolve(),
};
const issuer = 'edda';

export type MoneyWorld = Awaited<ReturnType<typeof openMoneyWorld>>;

/** Heidrun and its PostgreSQL, each a process that can be killed, in a temporary folder. */
export async function openMoneyWorld() {
  const root = await makeTemporaryFolder('edda-chaos-money-');
  const folder = await openDataFolder(root);
  const logger = createLogger({ service: 'chaos', level: 'error', destination: 'stderr' });
  const stack = createCloseStack(logger);
  let kept = false;
  stack.add('folder', async () => {
    if (!kept) await rm(root, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  });
  try {
    const logFile = (part: string) => logFileOf(folder, part);
    const mode = killableMode({ logFile, postgres: folder.postgres, proxies: straight, logger });
    const { parts } = mode;
    const postgres = await mode.startPostgres({ dataDir: folder.postgres, port: 0 });
    stack.add('PostgreSQL', () => part('postgres').close());
    const DATABASE_URL = await postgres.ensureDatabase('heidrun', 'heidrun');
    const { ports } = await mode.startService('heidrun', {
      settings: {
        grpc: { port: 0 },
        operations: { port: 0 },
        auth: { issuer, jwksFile: folder.jwksFile },
        outbox: { relay: false },
        holds: { sweepIntervalMs: 300 },
        payments: { sweepIntervalMs: 300, retryAfterSeconds: 1, holdBackDays: 0, watchIntervalMs: 500 },
      },
      secrets: {
        ...{ DATABASE_URL, EDDA_SERVICE_KEY_FILE: folder.signingKeyFile },
        HEIDRUN_PAYMENT_KEYS: folder.secrets.paymentKeys,
      },
    });
    stack.add('Heidrun', () => part('heidrun').close());
    const part = (name: string) => {
      const found = parts.get(name);
      if (found === undefined) throw new Error(`no part is named ${name}`);
      return found;
    };
    const minter = createTokenMinter({ privateJwkFile: folder.signingKeyFile, issuer });
    const address = `127.0.0.1:${ports['grpc'] ?? 0}`;
    const database = createPool({ url: mode.databaseUrl('heidrun'), name: 'chaos', max: 2, logger: silentLogger() });
    stack.add('pool', () => database.end());
    return {
      ...{ logger, database, root },
      /** Leaves the folder where it is when the world is closed. */
      keep: () => void (kept = true),
      market: { minter, addresses: { heidrun: address } },
      kill: (name: string) => part(name).kill(),
      start: (name: string) => part(name).start(),
      /** A client that repeats nothing by itself. */
      client<const Service extends RpcService>(definition: Service, user: MarketUser) {
        const more = { logger: silentLogger(), retries: false, breaker: false } as const;
        const client = createGrpcClient(definition, { address, token: tokensOf({ minter }, user), ...more });
        stack.add('client', () => Promise.resolve(client.close()));
        return client;
      },
      close: () => stack.close(),
    };
  } catch (error) {
    await stack.close();
    throw error;
  }
}
