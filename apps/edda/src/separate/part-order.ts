import { type LocalAgentOptions } from '../market/local-agent.ts';
import { type ServiceName, type ServiceOptions } from '../market/market-mode.ts';

type ServiceWork = { [Name in ServiceName]: { part: Name; options: ServiceOptions<Name> } }[ServiceName];

export interface AgentWork {
  part: 'agent';
  /** Njörðr's gRPC interface. */
  address: string;
  /** Signs the agent's own tokens. */
  signingKeyFile: string;
  options: LocalAgentOptions;
}

/** What a part's process is told to run. It travels between the two processes, never over a command line. */
export type PartOrder = (ServiceWork | AgentWork) & {
  /** Where it logs; readable lines on standard error without it. */
  logFile?: string | undefined;
  /** PostgreSQL's folder: should the launcher die, its parts end the server that it leaves behind. */
  postgres: string;
};

export interface PartReady {
  ports: Readonly<Record<string, number>>;
  /** Of an agent. */
  providerId?: string;
}

/** From a part's process to its launcher. */
export type PartReport = { type: 'ready'; value: PartReady } | { type: 'failed'; message: string };

/** From the launcher: the one order, then at the end the word to close. */
export type PartMessage = { type: 'run'; order: PartOrder } | { type: 'close' };
