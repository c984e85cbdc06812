import { createLogger, type Logger } from '@edda/telemetry';
import { openDataFolder } from '../data/data-folder.ts';
import { type LogFile, openLogFile } from '../data/log-file.ts';
import { startLocalAgent } from '../market/local-agent.ts';
import { standardPorts } from '../market/market-ports.ts';
import { ensureFunds, ensurePaymentMethod, type MarketUser, pocketMoneyCents } from '../market/market-user.ts';
import { type Market, startMarket } from '../market/start-market.ts';
import { stopRequested } from './stop-requested.ts';

export interface UpOptions {
  dataDir: string;
  portOffset: number;
  verbose?: boolean;
}

const demoUser: MarketUser = { subject: 'demo', networkId: 'demo', roles: ['user'] };
const localOwner: MarketUser = { subject: 'local-provider', networkId: 'demo', roles: ['user', 'provider'] };

/** Lifetime of the printed token. */
const tokenSeconds = 86_400;

/** Runs the market in the foreground until it is told to stop. */
export async function up(options: UpOptions): Promise<void> {
  const stop = stopRequested();
  const folder = await openDataFolder(options.dataDir);
  const log = openLogFile(folder.logFile);
  const loggerFor = loggers(log, options.verbose === true);
  const ports = standardPorts(options.portOffset);
  const startedAt = performance.now();
  const market = await startMarket({ folder, ports, loggerFor });
  try {
    const logger = loggerFor('edda');
    await ensurePaymentMethod(market, demoUser, 'pay', logger);
    await ensureFunds(market, demoUser, pocketMoneyCents, logger);
    const agent = await startLocalAgent(market, {
      owner: localOwner,
      deviceId: 'local-agent',
      displayName: 'Local agent',
      priceCents: 20,
      capacity: 4,
      quality: 5,
      tokensPerSecond: 0,
      firstTokenDelayMs: 0,
      operationsPort: ports.agent.operations,
      logger: loggerFor('vedrfolnir'),
    });
    try {
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
      process.stdout.write(await greeting(market, folder.logFile, options, seconds));
      await stop;
      process.stdout.write('\nstopping …\n');
    } finally {
      await agent.close();
    }
  } finally {
    await market.close();
    log.close();
  }
  process.stdout.write('stopped\n');
  process.exit(0);
}

function loggers(log: LogFile, verbose: boolean): (service: string) => Logger {
  return (service) =>
    createLogger(
      verbose ? { service, pretty: true, destination: 'stderr' } : { service, destination: { write: log.write } },
    );
}

async function greeting(market: Market, logFile: string, options: UpOptions, seconds: string): Promise<string> {
  const token = await market.minter.mint({ ...demoUser, ttlSeconds: tokenSeconds });
  const { addresses } = market;
  return `
The market is open after ${seconds} s.

  OpenAI-compatible   ${market.httpUrl}/v1
  REST                ${market.httpUrl}/api/v1/marketplace
  API documentation   ${market.httpUrl}/docs
  gRPC                njordr ${addresses.njordr}  heidrun ${addresses.heidrun}  eikthyrnir ${addresses.eikthyrnir}  nornen ${addresses.nornen}
  Log                 ${options.verbose === true ? 'standard error' : logFile}

A token of user demo, good for a day (edda token --data-dir ${options.dataDir} --user demo mints another):

${token}

Paste this to buy an answer:

curl -s ${market.httpUrl}/v1/chat/completions -H 'authorization: Bearer ${token}' -H 'content-type: application/json' -d '{"model":"builtin-ngram","messages":[{"role":"user","content":"What did the raven see?"}],"max_tokens":60}'

Ctrl-C stops the market; its data stays in ${options.dataDir}.
`;
}
