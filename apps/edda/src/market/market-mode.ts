import { type run as runEikthyrnir } from '@edda/app-eikthyrnir/run';
import { type run as runHeidrun } from '@edda/app-heidrun/run';
import { type run as runNjordr } from '@edda/app-njordr/run';
import { type run as runNornen } from '@edda/app-nornen/run';
import { type RunningService } from '@edda/service-kit';
import { type LocalAgent, type LocalAgentOptions } from './local-agent.ts';
import { type Market } from './market.ts';

interface Runs {
  nornen: typeof runNornen;
  eikthyrnir: typeof runEikthyrnir;
  heidrun: typeof runHeidrun;
  njordr: typeof runNjordr;
}

export type ServiceName = keyof Runs;

/** Settings and secrets of a service, as its `run` takes them. */
export type ServiceOptions<Name extends ServiceName> = Pick<
  Parameters<Runs[Name]>[0],
  'settings' | 'settingsFile' | 'secrets'
>;

/** Settings of single services. */
export type MarketSettings = {
  [Name in ServiceName]?: NonNullable<Parameters<Runs[Name]>[0]['settings']>;
};

/** A market's PostgreSQL as its services need it. */
export interface MarketDatabase {
  readonly port: number;
  /** Makes sure of a role and a database it owns; answers the URL to connect with. */
  ensureDatabase(name: string, role: string): Promise<string>;
  stop(): Promise<void>;
}

/** How the parts of a market are run: all in this process, or each in one of its own. */
export interface MarketMode {
  /** @param options.port 0 takes a free one */
  startPostgres(options: { dataDir: string; port: number }): Promise<MarketDatabase>;
  startService<Name extends ServiceName>(name: Name, options: ServiceOptions<Name>): Promise<RunningService>;
  /** A provider on this machine, listed when this resolves. */
  startAgent(market: Market, options: LocalAgentOptions): Promise<LocalAgent>;
}
