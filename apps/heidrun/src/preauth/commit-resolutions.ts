import { appendAuditQuery, type NewAuditRecord } from '@edda/audit';
import { appendEventsQuery, inPipelinedTransaction, type NewEvent } from '@edda/pg-kit';
import { type ClientBase, type QueryConfig } from 'pg';
import { capturePosted, holdReleased } from '../events/hold-events.ts';
import { walletOf } from '../ledger/account-names.ts';
import { postBatchQuery } from '../ledger/post-batch.ts';
import { asLedgerFault } from '../ledger/post-transfers.ts';
import { captureTransfers } from './capture-transfers.ts';
import { decideResolutions, type ResolutionDecision } from './decide-resolutions.ts';
import { type CommitHoldsDeps } from './commit-holds.ts';
import { auditCaptured, auditReleased } from './hold-audit.ts';
import { type Cancelled, type Captured, type ResolutionItem } from './resolution-item.ts';
import { claimHolds, insertResolutionsQuery, type ResolvedHold } from './resolution-store.ts';
import { type ProviderBook } from './settle-capture.ts';

/** How an item ended; undefined when its hold was resolved before. */
export type ResolutionOutcome = Captured | Cancelled | undefined;

/**
 * Commits a batch of captures and cancellations as one transaction with a fixed number of statements. Locks, in this
 * order: open holds by id, providers' books by provider, keys of resolutions, accounts by id, outbox subjects by name.
 */
export function createCommitResolutions({ pool, clock }: Pick<CommitHoldsDeps, 'pool' | 'clock'>) {
  return (items: readonly ResolutionItem[]): Promise<(ResolutionOutcome | Error)[]> =>
    inPipelinedTransaction(pool, (client) => resolveAll(client, items, clock.now()), { idempotent: true }).catch(
      (error: unknown) => {
        throw asLedgerFault(error);
      },
    );
}

async function resolveAll(client: ClientBase, items: readonly ResolutionItem[], now: Date) {
  const holdIds = items.map(({ hold }) => hold.id);
  const facts = { now, ...(await claimHolds(client, holdIds, providersOf(items))) };
  const { decisions, books } = decideResolutions(items, facts);
  const resolved = items.flatMap((item, index): ResolvedHold[] => {
    const decision = decisions[index];
    if (decision === undefined || decision === 'gone' || decision instanceof Error) return [];
    return [{ item, ...(decision !== 'cancelled' && { settled: decision.settled }) }];
  });
  return {
    result: items.map((item, index) => outcomeOf(item, decisions[index], now)),
    last: resolved.length > 0 ? statementsOf(resolved, books, now) : [],
  };
}

/** Books are made for pinned providers only; what names another one is refused when it is decided. */
function providersOf(items: readonly ResolutionItem[]): string[] {
  const captured = items.flatMap((item) => {
    if (item.kind !== 'CAPTURED') return [];
    const pinned = item.hold.candidates.map(({ providerId }) => providerId);
    if (item.legs.length === 0) return pinned.slice(0, 1);
    return item.legs.map(({ providerId }) => providerId).filter((providerId) => pinned.includes(providerId));
  });
  return [...new Set(captured)];
}

function statementsOf(resolved: readonly ResolvedHold[], books: readonly ProviderBook[], now: Date): QueryConfig[] {
  return [
    insertResolutionsQuery(resolved, books, now),
    // Netting at capture would add its transfers here: what the payer has earned goes to the wallet first, in the
    // same statement, so that an account is still updated once.
    postBatchQuery({
      transfers: resolved.flatMap(({ item, settled }) => (settled ? captureTransfers(item.hold, settled) : [])),
      releases: resolved.map(({ item: { hold } }) => ({
        account: walletOf({ networkId: hold.networkId, userId: hold.requesterId }),
        amountCents: hold.heldCents,
      })),
      postedAt: now,
      // One row of the company's account for the whole batch; concurrent batches rarely choose the same.
      stripeBy: resolved[0]?.item.hold.id ?? '',
    }),
    appendEventsQuery(resolved.map((one) => ({ ...eventOf(one, now), traceparent: one.item.traceparent }))),
    appendAuditQuery(resolved.map((one) => auditOf(one, now))),
  ];
}

function auditOf({ item, settled }: ResolvedHold, now: Date): NewAuditRecord {
  if (settled !== undefined) return auditCaptured(item.hold, settled, item.by, now);
  return auditReleased(item.hold, 'preauth.cancel', item.by, now, item.kind === 'CANCELLED' ? item.reason : '');
}

function eventOf({ item, settled }: ResolvedHold, now: Date): NewEvent {
  if (settled !== undefined) return capturePosted(item.hold, settled, now);
  return holdReleased(item.hold, 'cancelled', now, item.kind === 'CANCELLED' ? item.reason : '');
}

function outcomeOf(
  item: ResolutionItem,
  decision: ResolutionDecision | undefined,
  at: Date,
): ResolutionOutcome | Error {
  if (decision === undefined || decision === 'gone') return undefined;
  if (decision instanceof Error) return decision;
  if (decision === 'cancelled') return { at };
  const transfers = captureTransfers(item.hold, decision.settled).map((one) => ({
    ...one,
    postedAt: at,
    stored: true,
  }));
  return { settled: decision.settled, transfers, at };
}
