import { type nornen } from '@edda/contracts';
import { commonFaults } from '@edda/faults';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { type Pool } from 'pg';
import { z } from 'zod';
import { fields } from '../fields.ts';
import { type HistoryEvent, type PrismaClient } from '../gen/prisma/client.ts';
import { type NornenMetrics } from '../nornen-metrics.ts';
import { decodeCursor, encodeCursor } from './event-cursor.ts';
import { type EventFeed } from './event-feed.ts';
import { eventFilter, eventMessage, matching, visibleTo } from './event-filter.ts';

export interface WatchEventsDeps {
  pool: Pool;
  prisma: PrismaClient;
  feed: EventFeed;
  metrics: NornenMetrics;
  watching: () => { watchSignOfLifeMs: number; maxWatchers: number };
}

type Response = nornen.WatchEventsResponse;

/** Positions one query looks at, however few of them match. */
const WINDOW = 10_000n;
/** Events read at once, and the payload bytes of one response: far below what a message may have. */
const PAGE = 500;
const RESPONSE_BYTES = 1024 * 1024;

const schema = z.object({
  filter: eventFilter.optional(),
  cursor: z.string().max(100),
  from: fields.instant.optional(),
});

/**
 * Streams events in the order of their arrival, from the cursor on, then as they come. The history itself is the
 * buffer: the next page is read when the one before has been taken, so that a slow reader costs no memory and misses
 * nothing. The first response is empty and has the cursor to begin with; so has every sign of life.
 * @throws CURSOR_INVALID, CURSOR_EXPIRED, INVALID_INPUT, RATE_LIMITED
 */
export function watchEvents(deps: WatchEventsDeps) {
  let open = 0;
  return async function* (given: nornen.WatchEventsRequest, ctx: CallContext): AsyncGenerator<Response> {
    const request = parseWith(schema, given);
    if (open >= deps.watching().maxWatchers) {
      throw commonFaults.RATE_LIMITED(`${open} streams watch events already.`, { retryAfterMs: 1_000 });
    }
    deps.metrics.watchers.set(++open);
    try {
      yield* follow(deps, request, ctx);
    } finally {
      deps.metrics.watchers.set(--open);
    }
  };
}

async function* follow(
  deps: WatchEventsDeps,
  request: z.output<typeof schema>,
  { identity, signal }: CallContext,
): AsyncGenerator<Response> {
  const { feed, prisma, watching } = deps;
  let head = await feed.head();
  const response = (events: HistoryEvent[], at: bigint): Response => ({
    events: events.map(eventMessage),
    cursor: encodeCursor(head.historyId, at),
  });
  let position =
    request.cursor === '' ? await startAt(deps, request.from, head.position) : decodeCursor(request.cursor, head);
  yield response([], position);
  while (!signal.aborted) {
    while (position < head.position && !signal.aborted) {
      const until = position + WINDOW < head.position ? position + WINDOW : head.position;
      const rows = await prisma.historyEvent.findMany({
        where: {
          AND: [
            await visibleTo(prisma, identity),
            ...matching(request.filter),
            { position: { gt: position, lte: until } },
          ],
        },
        orderBy: { position: 'asc' },
        take: PAGE,
      });
      const page = fitting(rows);
      const last = page.at(-1);
      position = last === undefined || (page.length === rows.length && rows.length < PAGE) ? until : last.position;
      if (last !== undefined) yield response(page, position);
    }
    const grown = await feed.beyond(head.position, watching().watchSignOfLifeMs, signal);
    if (signal.aborted) return;
    if (!grown) yield response([], position);
    head = await feed.head();
  }
}

/** Before the first event that occurred since then, else from now on. */
async function startAt({ pool }: WatchEventsDeps, from: Date | undefined, now: bigint): Promise<bigint> {
  if (from === undefined) return now;
  const { rows } = await pool.query<{ first: bigint | null }>(
    'SELECT min(position) AS first FROM history_events WHERE occurred_at >= $1',
    [from],
  );
  const first = rows[0]?.first ?? null;
  return first === null ? now : first - 1n;
}

/** The first rows whose payloads fit one response; at least one. */
function fitting(rows: HistoryEvent[]): HistoryEvent[] {
  let bytes = 0;
  const end = rows.findIndex(
    ({ payload }, index) => (bytes += Buffer.byteLength(payload)) > RESPONSE_BYTES && index > 0,
  );
  return end < 0 ? rows : rows.slice(0, end);
}
