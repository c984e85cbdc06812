import { run as runEikthyrnir } from '@edda/app-eikthyrnir/run';
import { run as runHeidrun } from '@edda/app-heidrun/run';
import { run as runNjordr } from '@edda/app-njordr/run';
import { run as runNornen } from '@edda/app-nornen/run';
import { startEmbeddedPostgres } from '@edda/pg-kit';
import { type RunningService } from '@edda/service-kit';
import { type Logger } from '@edda/telemetry';
import { startLocalAgent } from './local-agent.ts';
import { type MarketMode, type ServiceName, type ServiceOptions } from './market-mode.ts';

const runs: { [Name in ServiceName]: (options: ServiceOptions<Name> & { logger: Logger }) => Promise<RunningService> } =
  { nornen: runNornen, eikthyrnir: runEikthyrnir, heidrun: runHeidrun, njordr: runNjordr };

/** Every service and agent in this process. @param loggerFor one for each part, by its name */
export function inProcess(loggerFor: (part: string) => Logger): MarketMode {
  return {
    startPostgres: ({ dataDir, port }) =>
      startEmbeddedPostgres({ dataDir, logger: loggerFor('postgres'), ...(port !== 0 && { port }) }),
    startService: (name, options) => runs[name]({ ...options, logger: loggerFor(name) }),
    startAgent: (market, options) => startLocalAgent(market, { ...options, logger: loggerFor('vedrfolnir') }),
  };
}
