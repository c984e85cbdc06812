import { enableCompileCache } from 'node:module';
import { createTokenMinter } from '@edda/grpc-kit';
import { endOrphanedPostgres } from '@edda/pg-kit';
import { describe } from '@edda/service-kit';
import { createLogger, type Logger, openLogFile } from '@edda/telemetry';
import { issuer } from '../market/compose-market.ts';
import { tokensOf } from '../market/market-user.ts';
import { type AgentWork, type PartMessage, type PartOrder, type PartReady, type PartReport } from './part-order.ts';

interface RunningPart extends PartReady {
  close(): Promise<void>;
}

// Halves the time from the second start on; where it cannot be kept, nothing is lost.
enableCompileCache();

const launcherPid = process.ppid;
let postgres: string | undefined;
let running: Promise<RunningPart> | undefined;

process.on('message', (message: PartMessage) => void (message.type === 'run' ? run(message.order) : close()));
process.on('SIGTERM', () => void close());
// Ctrl-C reaches the whole group of processes; this one follows the launcher, which closes all in order.
process.on('SIGINT', () => undefined);
// The launcher is gone without a word. As after a power cut the next start recovers what was going on; staying would
// only keep ports and data from it.
process.on('disconnect', () => {
  const ended = postgres === undefined ? Promise.resolve() : endOrphanedPostgres(postgres, launcherPid);
  void ended.catch(() => undefined).finally(() => process.exit(1));
});

async function run(order: PartOrder): Promise<void> {
  postgres = order.postgres;
  running = open(order);
  try {
    const { ports, providerId } = await running;
    report({ type: 'ready', value: { ports, ...(providerId !== undefined && { providerId }) } });
  } catch (error) {
    report({ type: 'failed', message: describe(error) }, () => process.exit(1));
  }
}

async function close(): Promise<void> {
  try {
    await (await running)?.close();
    process.exit(0);
  } catch {
    process.exit(1);
  }
}

async function open(order: PartOrder): Promise<RunningPart> {
  const logger = loggerOf(order);
  // Each process loads its own service only.
  switch (order.part) {
    case 'nornen':
      return (await import('@edda/app-nornen/run')).run({ ...order.options, logger });
    case 'eikthyrnir':
      return (await import('@edda/app-eikthyrnir/run')).run({ ...order.options, logger });
    case 'heidrun':
      return (await import('@edda/app-heidrun/run')).run({ ...order.options, logger });
    case 'njordr':
      return (await import('@edda/app-njordr/run')).run({ ...order.options, logger });
    case 'agent':
      return openAgent(order, logger);
  }
}

async function openAgent({ address, signingKeyFile, options }: AgentWork, logger: Logger): Promise<RunningPart> {
  const { runListedAgent } = await import('../market/run-listed-agent.ts');
  const minter = createTokenMinter({ privateJwkFile: signingKeyFile, issuer });
  const agent = await runListedAgent({ address, token: tokensOf({ minter }, options.owner), options, logger });
  return { ports: {}, providerId: agent.providerId, close: () => agent.close() };
}

function loggerOf({ part, logFile }: PartOrder): Logger {
  const service = part === 'agent' ? 'vedrfolnir' : part;
  if (logFile === undefined) return createLogger({ service, pretty: true, destination: 'stderr' });
  return createLogger({ service, destination: { write: openLogFile(logFile).write } });
}

function report(message: PartReport, sent: () => void = () => undefined): void {
  if (process.connected) process.send?.(message, sent);
  else sent();
}
