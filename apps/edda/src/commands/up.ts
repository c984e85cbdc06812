import { createLogger, type LogFile, type Logger, openLogFile } from '@edda/telemetry';
import { type DataFolder, openDataFolder } from '../data/data-folder.ts';
import { composeMarket } from '../market/compose-market.ts';
import { type Market } from '../market/market.ts';
import { type MarketMode } from '../market/market-mode.ts';
import { standardPorts } from '../market/market-ports.ts';
import { ensureFunds, ensurePaymentMethod, type MarketUser, pocketMoneyCents } from '../market/market-user.ts';
import { stopRequested } from './stop-requested.ts';

export interface UpOptions {
  dataDir: string;
  portOffset: number;
  verbose?: boolean;
  /** Each service and the agent in a process of its own. */
  separate?: boolean;
}

const demoUser: MarketUser = { subject: 'demo', networkId: 'demo', roles: ['user'] };
const localOwner: MarketUser = { subject: 'local-provider', networkId: 'demo', roles: ['user', 'provider'] };

/** Lifetime of the printed token. */
const tokenSeconds = 86_400;

/** Runs the market in the foreground until it is told to stop. @throws when a part cannot be kept running */
export async function up(options: UpOptions): Promise<void> {
  const stop = stopRequested();
  const folder = await openDataFolder(options.dataDir);
  const log = openLogFile(folder.logFile);
  const loggerFor = loggers(log, options.verbose === true);
  const logger = loggerFor('edda');
  const ports = standardPorts(options.portOffset);
  const startedAt = performance.now();
  const mode = await modeOf(options, folder, loggerFor);
  const { REDIS_URL: redisUrl, OTEL_EXPORTER_OTLP_ENDPOINT: tracesUrl } = process.env;
  const market = await composeMarket({ folder, ports, logger, redisUrl, tracesUrl }, mode);
  try {
    await ensurePaymentMethod(market, demoUser, 'pay', logger);
    await ensureFunds(market, demoUser, pocketMoneyCents, logger);
    const agent = await mode.startAgent(market, {
      owner: localOwner,
      deviceId: 'local-agent',
      displayName: 'Local agent',
      priceCents: 20,
      capacity: 4,
      quality: 5,
      tokensPerSecond: 0,
      firstTokenDelayMs: 0,
      operationsPort: ports.agent.operations,
      tracesUrl,
    });
    try {
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
      process.stdout.write(await greeting(market, folder, options, seconds));
      await Promise.race([stop, mode.failed ?? stop]);
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

/** A single process cannot lose a part; where there are several, `failed` tells of one that does not stay up. */
async function modeOf(
  { separate, verbose }: UpOptions,
  folder: DataFolder,
  loggerFor: (service: string) => Logger,
): Promise<MarketMode & { failed?: Promise<never> }> {
  // Each way loads its own: the launcher of separate processes runs no service.
  if (separate !== true) return (await import('../market/in-process.ts')).inProcess(loggerFor);
  const { separateProcesses } = await import('../separate/separate-processes.ts');
  const tell = (line: string) => void process.stderr.write(`edda: ${line}\n`);
  return separateProcesses({ folder, logger: loggerFor('edda'), verbose: verbose === true, tell });
}

function loggers(log: LogFile, verbose: boolean): (service: string) => Logger {
  return (service) =>
    createLogger(
      verbose ? { service, pretty: true, destination: 'stderr' } : { service, destination: { write: log.write } },
    );
}

async function greeting(market: Market, folder: DataFolder, options: UpOptions, seconds: string): Promise<string> {
  const token = await market.minter.mint({ ...demoUser, ttlSeconds: tokenSeconds });
  const { addresses } = market;
  return `
The market is open after ${seconds} s.

  OpenAI-compatible   ${market.httpUrl}/v1
  REST                ${market.httpUrl}/api/v1/marketplace
  API documentation   ${market.httpUrl}/docs
  gRPC                njordr ${addresses.njordr}  heidrun ${addresses.heidrun}  eikthyrnir ${addresses.eikthyrnir}  nornen ${addresses.nornen}
  Log                 ${logPlace(folder, options)}

A token of user demo, good for a day (edda token --data-dir ${options.dataDir} --user demo mints another):

${token}

Paste this to buy an answer:

curl -s ${market.httpUrl}/v1/chat/completions -H 'authorization: Bearer ${token}' -H 'content-type: application/json' -d '{"model":"builtin-ngram","messages":[{"role":"user","content":"What did the raven see?"}],"max_tokens":60}'

Ctrl-C stops the market; its data stays in ${options.dataDir}.
`;
}

function logPlace({ root, logFile }: DataFolder, { verbose, separate }: UpOptions): string {
  if (verbose === true) return 'standard error';
  return separate === true ? `${root}/<part>.log` : logFile;
}
