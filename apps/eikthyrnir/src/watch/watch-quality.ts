import { eikthyrnir } from '@edda/contracts';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { type Clock } from '@edda/telemetry';
import { type Pool } from 'pg';
import { z } from 'zod';
import { type EikthyrnirMetrics } from '../metrics.ts';
import { fields } from '../observations/observation-schema.ts';
import { type Weighing } from '../quality/figures.ts';
import { toProviderQuality } from '../quality/to-provider-quality.ts';
import { changesSince, currentPosition } from './change-store.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { type QualityFeed } from './quality-feed.ts';
import { createWatcher, type PendingChange, type WatcherWaits } from './watcher.ts';

export interface WatchDeps {
  pool: Pool;
  clock: Clock;
  feed: QualityFeed;
  metrics: EikthyrnirMetrics;
  weighing: () => Weighing;
  settings: () => WatcherWaits & { maxPendingKeys: number };
}

type Response = eikthyrnir.WatchQualityResponse;

/** Updates per response: some 120 KB. */
const CHUNK = 500;

const schema = z.object({
  providerIds: z.array(fields.providerId).max(10_000, 'has at most 10,000 providers'),
  cursor: z.string().max(64, 'is malformed; use it as it was returned'),
});

/**
 * WatchQuality: what changed since the cursor, or the state at the start, or nothing; then changes until either side
 * ends the stream. Every response but the last of a group repeats the cursor before the group, so that a resumed
 * watcher may see a change again and never misses one.
 */
export function createWatchQuality(deps: WatchDeps) {
  return async function* (request: eikthyrnir.WatchQualityRequest, ctx: CallContext): AsyncGenerator<Response> {
    parseWith(schema, request);
    const wanted = new Set(request.providerIds);
    const { watcher, position, close } = await deps.feed.watch((start) =>
      createWatcher(start, wanted, deps.settings().maxPendingKeys),
    );
    try {
      // A cursor from another replica may be ahead of this one’s last look, though not of the database.
      const since = decodeCursor(request.cursor, request.cursor === '' ? position : await currentPosition(deps.pool));
      const send = responder(deps);
      if (since !== undefined || request.includeSnapshot) {
        for await (const rows of past(deps, since ?? 0n, request.providerIds)) {
          const change = since === undefined ? eikthyrnir.QualityChange.SNAPSHOT : eikthyrnir.QualityChange.UNSPECIFIED;
          yield* send(
            rows.map((row) => ({ row, change })),
            request.cursor,
            false,
          );
        }
      }
      let cursor = encodeCursor(position);
      yield { updates: [], cursor, snapshotComplete: true };
      while (!ctx.signal.aborted) {
        const taken = await watcher.take(deps.settings(), ctx.signal);
        if (ctx.signal.aborted) break;
        const chunks = Math.max(1, Math.ceil(taken.changes.length / CHUNK));
        for (let chunk = 1; chunk <= chunks; chunk++) {
          if (chunk === chunks) cursor = encodeCursor(taken.position);
          yield* send(taken.changes.slice((chunk - 1) * CHUNK, chunk * CHUNK), cursor, true);
        }
      }
    } finally {
      close();
    }
  };
}

function responder({ clock, weighing, metrics }: WatchDeps) {
  return function* (changes: readonly PendingChange[], cursor: string, snapshotComplete: boolean): Generator<Response> {
    const now = clock.now();
    const rules = weighing();
    metrics.published(changes.length);
    const updates = changes.map(({ row, change }) => ({ quality: toProviderQuality(row, now, rules), change }));
    yield { updates, cursor, snapshotComplete };
  };
}

async function* past({ pool }: WatchDeps, since: bigint, providerIds: readonly string[]) {
  let after = { providerId: '', model: '' };
  for (;;) {
    const rows = await changesSince(pool, since, after, CHUNK, providerIds);
    if (rows.length > 0) yield rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < CHUNK) return;
    after = { providerId: last.provider_id, model: last.model };
  }
}
