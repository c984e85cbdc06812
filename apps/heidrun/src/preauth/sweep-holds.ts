import { appendAudit } from '@edda/audit';
import { appendEvents, inTransaction } from '@edda/pg-kit';
import { holdReleased } from '../events/hold-events.ts';
import { walletOf } from '../ledger/account-names.ts';
import { postTransfers } from '../ledger/post-transfers.ts';
import { type Hold } from './hold.ts';
import { auditReleased, sweepActor } from './hold-audit.ts';
import { type PreAuthDeps } from './pre-auth-deps.ts';
import { expireDue } from './expire-due.ts';

type SweepDeps = Pick<PreAuthDeps, 'pool' | 'clock' | 'notify' | 'logger' | 'metrics'>;

/** Holds released per transaction: a backlog is worked off in steps that lock little. */
const BATCH = 200;

/** Releases every hold whose time is over; safe on several replicas at once. @returns how many */
export async function sweepHolds(deps: SweepDeps): Promise<number> {
  let total = 0;
  for (let expired = BATCH; expired === BATCH; total += expired) {
    expired = await sweepBatch(deps);
  }
  return total;
}

async function sweepBatch(deps: SweepDeps): Promise<number> {
  const now = deps.clock.now();
  const holds = await inTransaction(deps.pool, async (client) => {
    const due = await expireDue(client, now, BATCH);
    await postTransfers(client, [], { postedAt: now, releases: releasesOf(due) });
    await appendEvents(
      client,
      due.map((hold) => holdReleased(hold, 'expired', now)),
    );
    await appendAudit(
      client,
      due.map((hold) => auditReleased(hold, 'preauth.expire', sweepActor, now)),
    );
    return due;
  });
  if (holds.length > 0) deps.notify();
  deps.metrics.expired(holds.length);
  for (const hold of holds) {
    deps.logger.info(
      {
        request_id: hold.requestId,
        transaction_id: hold.transactionId,
        preauth_id: hold.id,
        released_cents: hold.heldCents,
      },
      'expired',
    );
  }
  return holds.length;
}

/** One release per hold; the ledger adds up those of one wallet. */
function releasesOf(holds: readonly Hold[]) {
  return holds
    .filter(({ heldCents }) => heldCents > 0n)
    .map(({ networkId, requesterId, heldCents }) => ({
      account: walletOf({ networkId, userId: requesterId }),
      amountCents: heldCents,
    }));
}
