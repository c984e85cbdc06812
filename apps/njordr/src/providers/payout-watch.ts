import { asFault } from '@edda/faults';
import { inTransaction } from '@edda/pg-kit';
import { type Clock, type Logger } from '@edda/telemetry';
import { type Pool } from 'pg';
import { payoutReadiness } from './payout-readiness.ts';
import { type ProviderBoard } from './provider-board.ts';
import { type ProviderPeers } from './provider-peers.ts';
import { type ProviderRow } from './provider-row.ts';
import { changeProvider, findByStatus, findProvider } from './provider-store.ts';

export interface PayoutWatchDeps {
  pool: Pool;
  clock: Clock;
  logger: Logger;
  peers: Pick<ProviderPeers, 'payments'>;
  board: ProviderBoard;
  intervalMs: () => number;
}

/**
 * Looks again, now and then, whether the owners of listed providers can still be paid: without a verified payout
 * method a provider stays listed but is not routed to.
 */
export interface PayoutWatch {
  start(): void;
  /** One round over all owners. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** Three rounds: that one of them fails must not make a listed provider's payout method removable. A day at most. */
const listedSeconds = (intervalMs: number): number => Math.min(86_400, Math.ceil((3 * intervalMs) / 1_000));

export function createPayoutWatch(deps: PayoutWatchDeps): PayoutWatch {
  const { pool, clock, board } = deps;
  let timer: NodeJS.Timeout | undefined;
  let round = Promise.resolve();
  let closed = false;

  async function checkOwner(rows: readonly ProviderRow[]): Promise<void> {
    const [first] = rows;
    if (first === undefined || closed) return;
    const { ready, reason } = await payoutReadiness(deps.peers, first, listedSeconds(deps.intervalMs()));
    for (const row of rows.filter(({ payoutVerified }) => payoutVerified !== ready)) {
      const event = { type: ready ? 'provider.payout_verified' : 'provider.payout_missing', now: clock.now(), reason };
      await inTransaction(pool, (client) => changeProvider(client, row, { payout_verified: ready }, event));
      const changed = await findProvider(pool, row.providerId);
      if (changed !== undefined) board.publish(changed);
    }
  }
  async function check(): Promise<void> {
    try {
      const rows = await findByStatus(pool, ['ACTIVE']);
      const owners = Map.groupBy(rows, (row) => JSON.stringify([row.networkId, row.ownerId]));
      for (const owned of owners.values()) await checkOwner(owned);
    } catch (error) {
      deps.logger.warn({ err: error, reason: asFault(error).reason }, 'payout methods could not be checked');
    }
  }
  const plan = () => {
    if (closed) return;
    const run = () => void (round = check().finally(plan));
    timer = setTimeout(run, deps.intervalMs()).unref();
  };
  return {
    start: plan,
    check,
    async close() {
      closed = true;
      clearTimeout(timer);
      await round;
    },
  };
}
