import { type heidrun } from '@edda/contracts';
import { Fault } from '@edda/faults';
import { type ReconcilerDeps } from './create-reconciler.ts';
import { differenceOf } from './difference-of.ts';
import { type DifferenceAction, type DifferenceStore } from './difference-store.ts';
import { detailsOf, idsOf, listHolds } from './read-sides.ts';
import { type TransactionSides } from './transaction-sides.ts';

export interface ResolveDeps extends Pick<ReconcilerDeps, 'preAuth' | 'clock' | 'logger' | 'metrics'> {
  sides: TransactionSides;
  differences: DifferenceStore;
}

/** Compares the two sides of given transactions; repairs or reports what differs. */
export function createResolveDifferences(deps: ResolveDeps) {
  const { preAuth, clock, logger, sides, differences } = deps;
  const counted = deps.metrics.counter({
    name: 'edda_njordr_reconciliation_differences_total',
    help: 'Differences between transactions and holds, by kind and by what was done.',
    labelNames: ['kind', 'action'],
  });
  const compared = deps.metrics.counter({
    name: 'edda_njordr_reconciliation_compared_total',
    help: 'Transactions that were compared with their holds.',
  });
  const reported = deps.metrics.gauge({
    name: 'edda_njordr_reconciliation_reported',
    help: 'Differences that wait for an operator, in all.',
  });

  /** Releases a hold that nobody will capture. @returns REPORTED when it was captured meanwhile */
  async function cancel(preauth: heidrun.PreAuth): Promise<DifferenceAction> {
    const { transactionId, requestId, preauthId } = preauth;
    const idempotencyKey = `${transactionId}:reconcile`;
    try {
      await preAuth.cancelPreAuth({ idempotencyKey, requestId, preauthId, reason: 'its transaction has ended' });
      return 'REPAIRED';
    } catch (error) {
      if (error instanceof Fault && error.reason === 'ILLEGAL_TRANSITION') return 'REPORTED';
      throw error;
    }
  }

  /** @returns how many differences were new */
  const resolve = async (transactionIds: readonly string[], old: boolean): Promise<number> => {
    if (transactionIds.length === 0) return 0;
    compared.inc(transactionIds.length);
    // The hold first: what ends in between is then seen on the side that is written last.
    const listed = await listHolds(preAuth, transactionIds);
    const transactions = await sides.byIds(transactionIds);
    let found = 0;
    for (const transactionId of transactionIds) {
      const transaction = transactions.get(transactionId);
      const first = differenceOf(transaction, listed.get(transactionId), old);
      if (first === undefined) continue;
      // Between the two reads the hold may have been resolved; it is looked at once more before anything is made of it.
      const hold = (await listHolds(preAuth, [transactionId])).get(transactionId);
      const kind = differenceOf(transaction, hold, old);
      if (kind === undefined) continue;
      const repairable = kind === 'HOLD_LEFT_OPEN' && hold?.preauth !== undefined;
      const action = repairable ? await cancel(hold.preauth!) : 'REPORTED';
      const about = { transactionId, ...idsOf(transaction, hold), kind, action };
      const details = detailsOf(transaction, hold);
      if (!(await differences.note({ ...about, details, at: clock.now() }))) continue;
      found += 1;
      counted.inc({ kind, action });
      logger.error(
        { transaction_id: transactionId, preauth_id: about.preauthId, kind, action, ...details },
        'reconciliation found a difference',
      );
    }
    if (found > 0) reported.set(await differences.countReported());
    return found;
  };

  /** Looks again at what was reported: what an operator has put right is RESOLVED. */
  const recheck = async (limit: number): Promise<void> => {
    const waiting = await differences.reported(limit, clock.now());
    const ids = [...new Set(waiting.map(({ transactionId }) => transactionId))];
    if (ids.length === 0) return;
    const listed = await listHolds(preAuth, ids);
    const transactions = await sides.byIds(ids);
    for (const { transactionId, kind } of waiting) {
      const transaction = transactions.get(transactionId);
      const hold = listed.get(transactionId);
      if (differenceOf(transaction, hold, true) === kind) continue;
      const about = { transactionId, ...idsOf(transaction, hold), kind, action: 'RESOLVED' as const };
      await differences.note({ ...about, details: detailsOf(transaction, hold), at: clock.now() });
      logger.info({ transaction_id: transactionId, kind }, 'a reported difference is gone');
    }
    reported.set(await differences.countReported());
  };
  return { resolve, recheck };
}
