import { expired, keyOfAnotherHold } from './resolved-faults.ts';
import { type ResolutionItem } from './resolution-item.ts';
import { type CaptureQuestion, type ProviderBook, type SettledCapture, settleCapture } from './settle-capture.ts';

/** What a batch of captures and cancellations is decided by, locked until it commits. */
export interface ResolutionFacts {
  now: Date;
  /** Ids of those of the holds that are open. */
  open: ReadonlySet<string>;
  /** By provider; of every provider pinned by a hold that is to be captured for it. */
  books: ReadonlyMap<string, ProviderBook>;
}

/** What becomes of one item; a hold that is `gone` was resolved before, by another call or earlier in the batch. */
export type ResolutionDecision = { settled: SettledCapture } | 'cancelled' | 'gone' | Error;

/**
 * Decides a batch in its order, without any I/O, as if each item had come alone: the first of several resolutions of a
 * hold wins, the commission carried and the claims counted for a provider go from one capture to the next, and what is
 * refused leaves its hold open and the rest of the batch as it is.
 */
export function decideResolutions(
  items: readonly ResolutionItem[],
  facts: ResolutionFacts,
): { decisions: ResolutionDecision[]; books: ProviderBook[] } {
  const open = new Set(facts.open);
  const books = new Map(facts.books);
  const keys = new Set<string>();
  const changed = new Set<string>();
  const decide = (item: ResolutionItem): ResolutionDecision => {
    const { hold, origin } = item;
    if (!open.has(hold.id)) return 'gone';
    const key = `${item.kind}\n${origin.caller}\n${origin.idempotencyKey}`;
    if (keys.has(key)) return keyOfAnotherHold();
    const decision = item.kind === 'CANCELLED' ? 'cancelled' : { settled: settle(item, facts.now, books) };
    open.delete(hold.id);
    keys.add(key);
    if (decision === 'cancelled') return decision;
    for (const book of decision.settled.books) {
      books.set(book.providerId, book);
      changed.add(book.providerId);
    }
    return decision;
  };
  const decisions = items.map((item) => {
    try {
      return decide(item);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  });
  return { decisions, books: [...changed].flatMap((providerId) => books.get(providerId) ?? []) };
}

/** @throws why it may not be captured */
function settle(item: ResolutionItem & { kind: 'CAPTURED' }, now: Date, books: CaptureQuestion['books']) {
  const { hold, legs, amountCents } = item;
  const { heldCents, commissionRateBps: rateBps, candidates } = hold;
  if (now >= hold.expiresAt) throw expired(hold);
  return settleCapture({ heldCents, rateBps, candidates, legs, books, amountCents });
}
