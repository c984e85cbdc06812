import { rm } from 'node:fs/promises';
import { createLogger, openLogFile } from '@edda/telemetry';
import { openDataFolder } from '../data/data-folder.ts';
import { makeTemporaryFolder } from '../data/temporary-folder.ts';
import { buyAnswer } from '../demo/buy-answer.ts';
import { demoProviders, demoRequester } from '../demo/cast.ts';
import { summarize } from '../demo/summary.ts';
import { createTeller, silentTeller } from '../demo/teller.ts';
import { type LocalAgent, startLocalAgent } from '../market/local-agent.ts';
import { freePorts } from '../market/market-ports.ts';
import { ensureFunds, ensurePaymentMethod } from '../market/market-user.ts';
import { type Market } from '../market/market.ts';
import { startMarket } from '../market/start-market.ts';
import { stopRequested } from './stop-requested.ts';

export interface DemoOptions {
  prompt?: string;
  json?: boolean;
}

const defaultPrompt = 'Tell me of the ash tree, the ravens and the gold under the mountain.';
const walletCents = 2_000n;

/** One paid request on a fresh market, told step by step; the market and its data are gone afterwards. */
export async function demo(options: DemoOptions): Promise<void> {
  const root = await makeTemporaryFolder('edda-demo-');
  const tell = options.json === true ? silentTeller : createTeller(process.stdout);
  const aborted = stopRequested().then(() => {
    throw new Error('interrupted');
  });
  try {
    const summary = await Promise.race([play(root, options.prompt ?? defaultPrompt, tell), aborted]);
    if (options.json === true) process.stdout.write(`${JSON.stringify(summary)}\n`);
    process.exitCode = summary.status === 'COMPLETED' && summary.ledger_balanced ? 0 : 1;
  } finally {
    await rm(root, { recursive: true, force: true });
  }
  process.exit();
}

async function play(root: string, prompt: string, tell: ReturnType<typeof createTeller>) {
  const folder = await openDataFolder(root);
  const log = openLogFile(folder.logFile);
  const loggerFor = (service: string) => createLogger({ service, destination: { write: log.write } });
  const logger = loggerFor('edda');
  const startedAt = performance.now();
  const market = await startMarket({ folder, ports: freePorts, loggerFor });
  const agents: LocalAgent[] = [];
  try {
    tell.opened(performance.now() - startedAt);
    await ensurePaymentMethod(market, demoRequester, 'pay', logger);
    await ensureFunds(market, demoRequester, walletCents, logger);
    agents.push(...(await startCast(market, loggerFor)));
    tell.cast(agents);
    const purchase = await buyAnswer(market, demoRequester, prompt, tell, logger);
    tell.settled(purchase, agents);
    return summarize(purchase);
  } finally {
    await Promise.all(agents.map((agent) => agent.close()));
    await market.close();
    log.close();
  }
}

async function startCast(
  market: Market,
  loggerFor: (service: string) => ReturnType<typeof createLogger>,
): Promise<LocalAgent[]> {
  const settled = await Promise.allSettled(
    demoProviders.map((provider) => startLocalAgent(market, { ...provider, logger: loggerFor(provider.deviceId) })),
  );
  const agents = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failed = settled.find((result) => result.status === 'rejected');
  if (failed === undefined) return agents;
  await Promise.all(agents.map((agent) => agent.close()));
  throw failed.reason;
}
