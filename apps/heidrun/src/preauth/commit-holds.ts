import { appendAuditQuery } from '@edda/audit';
import { appendEventsQuery, inPipelinedTransaction } from '@edda/pg-kit';
import { type Clock } from '@edda/telemetry';
import { type Pool, type QueryConfig } from 'pg';
import { holdCreated } from '../events/hold-events.ts';
import { decideHolds } from './decide-holds.ts';
import { auditHeld } from './hold-audit.ts';
import { type HoldFacts, readHoldFacts, type ReadyToPay } from './hold-facts.ts';
import { type HeldOutcome, type HoldItem } from './hold-item.ts';
import { insertHoldsQueries } from './hold-store.ts';

export interface CommitHoldsDeps {
  /** With `pipeline`. */
  pool: Pool;
  clock: Clock;
  /** A fresh unique id. */
  newId: () => string;
  /** Commission that new holds pin, basis points. */
  rateBps: () => number;
  /**
   * Refuses new holds while too many events wait, so that intake slows instead of dropping any. What ends a hold never
   * asks: it must go on, or money would stay held. @throws OUTBOX_FULL
   */
  assertCapacity: () => void;
  /** Which of these users have a verified way to pay, as `userKey`s. */
  readyToPay: ReadyToPay;
}

/**
 * Commits a batch of PreAuthorize calls as one transaction with a fixed number of statements. Locks, in this order:
 * wallets by account id, keys of new holds, outbox subjects by name.
 */
export function createCommitHolds({ pool, clock, rateBps, readyToPay, ...given }: CommitHoldsDeps) {
  const { newId, assertCapacity } = given;
  return (items: readonly HoldItem[]): Promise<(HeldOutcome | Error)[]> =>
    inPipelinedTransaction(
      pool,
      async (client) => {
        const facts = await readHoldFacts(client, items, { now: clock.now(), readyToPay });
        const outcomes = decideHolds(items, facts, { newId, assertCapacity, rateBps: rateBps() });
        return { result: outcomes, last: statementsOf(items, outcomes, facts) };
      },
      { idempotent: true },
    );
}

function statementsOf(
  items: readonly HoldItem[],
  outcomes: readonly (HeldOutcome | Error)[],
  { wallets }: HoldFacts,
): QueryConfig[] {
  const added = items.flatMap(({ by, traceparent }, index) => {
    const outcome = outcomes[index];
    return outcome === undefined || outcome instanceof Error || outcome.replayed
      ? []
      : [{ hold: outcome.hold, by, traceparent }];
  });
  if (added.length === 0) return [];
  const holds = added.map(({ hold }) => hold);
  return [
    ...insertHoldsQueries(holds, wallets),
    appendEventsQuery(added.map(({ hold, traceparent }) => ({ ...holdCreated(hold), traceparent }))),
    appendAuditQuery(added.map(({ hold, by }) => auditHeld(hold, by))),
  ];
}
