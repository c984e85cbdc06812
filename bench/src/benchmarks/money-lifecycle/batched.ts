import { randomUUID } from 'node:crypto';
import { createBatchMetrics, createPreAuthBatches, readyToPay } from '@edda/app-heidrun/store';
import { createMetrics, systemClock } from '@edda/telemetry';
import { type Pool } from 'pg';
import { captureItem, holdItem } from './lifecycle-items.ts';

/** One lifecycle on a wallet; `lifecycle` varies the providers. */
export interface MoneyStore {
  lifecycle(wallet: number, lifecycle: number): Promise<void>;
  close(): Promise<void>;
}

/** The subject: Heidrun's own batches. */
export function openBatched(pool: Pool): MoneyStore {
  const batches = createPreAuthBatches({
    ...{ pool, clock: systemClock, readyToPay },
    newId: randomUUID,
    rateBps: () => 1_500,
    assertCapacity: () => undefined,
    batchMetrics: createBatchMetrics(createMetrics({ service: 'bench', processMetrics: false })),
  });
  return {
    async lifecycle(wallet, lifecycle) {
      const { hold } = await batches.hold(holdItem(wallet, lifecycle));
      const captured = await batches.capture(captureItem(hold));
      if (captured === undefined) throw new Error(`hold ${hold.id} was captured by somebody else`);
    },
    close: () => batches.close(),
  };
}
