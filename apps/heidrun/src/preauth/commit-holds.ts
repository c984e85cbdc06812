import { appendAudit } from '@edda/audit';
import { appendEvents, inTransaction } from '@edda/pg-kit';
import { type Clock } from '@edda/telemetry';
import { type Pool } from 'pg';
import { holdCreated } from '../events/hold-events.ts';
import { decideHolds } from './decide-holds.ts';
import { auditHeld } from './hold-audit.ts';
import { readHoldFacts, type ReadyToPay } from './hold-facts.ts';
import { type HeldOutcome, type HoldItem } from './hold-item.ts';
import { insertHolds } from './hold-store.ts';

export interface CommitHoldsDeps {
  pool: Pool;
  clock: Clock;
  /** A fresh unique id. */
  newId: () => string;
  /** Commission that new holds pin, basis points. */
  rateBps: () => number;
  /** Which of these users have a verified way to pay, as `userKey`s. */
  readyToPay: ReadyToPay;
}

/**
 * Commits a batch of PreAuthorize calls as one transaction with a fixed number of statements. Locks, in this order:
 * wallets by account id, keys of new holds, outbox subjects by name.
 */
export function createCommitHolds({ pool, clock, newId, rateBps, readyToPay }: CommitHoldsDeps) {
  return (items: readonly HoldItem[]): Promise<(HeldOutcome | Error)[]> =>
    inTransaction(
      pool,
      async (client) => {
        const facts = await readHoldFacts(client, items, { now: clock.now(), readyToPay });
        const outcomes = decideHolds(items, facts, { newId, rateBps: rateBps() });
        const added = items.flatMap(({ by }, index) => {
          const outcome = outcomes[index];
          return outcome === undefined || outcome instanceof Error || outcome.replayed
            ? []
            : [{ hold: outcome.hold, by }];
        });
        const holds = added.map(({ hold }) => hold);
        if (holds.length > 0) {
          await insertHolds(client, holds, facts.wallets);
          await appendEvents(client, holds.map(holdCreated));
          await appendAudit(
            client,
            added.map(({ hold, by }) => auditHeld(hold, by)),
          );
        }
        return outcomes;
      },
      { idempotent: true },
    );
}
