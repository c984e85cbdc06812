import { createPool } from '@edda/pg-kit';
import { type ServiceBase } from '@edda/service-kit';
import { createBatchMetrics } from './batch-metrics.ts';
import { createPreAuthBatches, type PreAuthBatches, type PreAuthBatchesDeps } from './pre-auth-batches.ts';

/** Two batches of holds and two of captures may commit at the same time. */
const CONNECTIONS = 4;

/** The batches on connections of their own, whose statements do not wait for each other; closed with the service. */
export function openBatches(
  base: ServiceBase,
  databaseUrl: string,
  deps: Omit<PreAuthBatchesDeps, 'pool' | 'batchMetrics'>,
): PreAuthBatches {
  const pool = createPool({
    ...{ url: databaseUrl, name: 'heidrun-batches', max: CONNECTIONS, pipeline: true },
    logger: base.logger.module('database'),
  });
  base.onClose('database of batches', () => pool.end());
  const batches = createPreAuthBatches({ ...deps, pool, batchMetrics: createBatchMetrics(base.metrics) });
  base.onClose('batches of holds', () => batches.close());
  return batches;
}
