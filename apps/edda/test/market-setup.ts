import { rm } from 'node:fs/promises';
import { createLogger, openLogFile } from '@edda/telemetry';
import { openDataFolder } from '../src/data/data-folder.ts';
import { makeTemporaryFolder } from '../src/data/temporary-folder.ts';
import { type LocalAgent, startLocalAgent } from '../src/market/local-agent.ts';
import { freePorts } from '../src/market/market-ports.ts';
import { ensureFunds, ensurePaymentMethod, type MarketUser, tokensOf } from '../src/market/market-user.ts';
import { type Market } from '../src/market/market.ts';
import { type MarketSettings } from '../src/market/market-mode.ts';
import { startMarket } from '../src/market/start-market.ts';

/** A market with one welcomed requester and one fast provider, in a folder of its own. */
export interface TestMarket {
  market: Market;
  agent: LocalAgent;
  requester: MarketUser;
  token: string;
  /** The key that signs this market's tokens. */
  signingKeyFile: string;
  logger: ReturnType<typeof createLogger>;
  /** Its data folder, and what all parts log there. */
  dataDir: string;
  logFile: string;
  close(): Promise<void>;
}

/** @param tracesUrl collector of all traces; none are made without it */
export async function openTestMarket(settings: MarketSettings = {}, tracesUrl?: string): Promise<TestMarket> {
  const root = await makeTemporaryFolder('edda-market-');
  const folder = await openDataFolder(root);
  const log = openLogFile(folder.logFile);
  const loggerFor = (service: string) => createLogger({ service, destination: { write: (line) => log.write(line) } });
  const logger = loggerFor('test');
  const market = await startMarket({ folder, ports: freePorts, loggerFor, settings, tracesUrl });
  const requester: MarketUser = { subject: 'ada', networkId: 'demo', roles: ['user'] };
  await ensurePaymentMethod(market, requester, 'pay', logger);
  await ensureFunds(market, requester, 10_000n, logger);
  const agent = await startLocalAgent(market, {
    owner: { subject: 'otto', networkId: 'demo', roles: ['user', 'provider'] },
    deviceId: 'attic',
    displayName: 'Attic',
    priceCents: 40,
    capacity: 4,
    quality: 4,
    tokensPerSecond: 0,
    firstTokenDelayMs: 0,
    tracesUrl,
    logger: loggerFor('vedrfolnir'),
  });
  return {
    market,
    agent,
    requester,
    token: await tokensOf(market, requester)(),
    signingKeyFile: folder.signingKeyFile,
    ...{ logger, dataDir: root, logFile: folder.logFile },
    async close() {
      await agent.close();
      await market.close();
      log.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}
