import { type Clock } from '@edda/telemetry';
import { type Pool } from 'pg';
import { type ProviderDirectory } from '../providers/provider-directory.ts';
import { type TransactionReads } from '../transactions/transaction-reads.ts';
import { type createPrepare, type PrepareDeps } from './prepare-request.ts';
import { type RequestRegistry } from './request-registry.ts';
import { type ResultVault } from './result-vault.ts';
import { type createRunner } from './run-request.ts';
import { type createStart } from './start-request.ts';

/** What the handlers of ComputeService stand on. */
export interface ComputeDeps {
  pool: Pool;
  clock: Clock;
  directory: Pick<ProviderDirectory, 'offers'>;
  reads: TransactionReads;
  vault: ResultVault;
  registry: RequestRegistry;
  assessing: PrepareDeps;
  prepare: ReturnType<typeof createPrepare>;
  start: ReturnType<typeof createStart>;
  run: ReturnType<typeof createRunner>;
  resultTtlSeconds: () => number;
}
