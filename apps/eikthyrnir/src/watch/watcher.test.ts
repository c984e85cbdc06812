import { eikthyrnir } from '@edda/contracts';
import { describe, expect, it } from 'vitest';
import { type QualityRow } from '../quality/quality-row.ts';
import { createWatcher } from './watcher.ts';

const { UNSPECIFIED, OFFLINE } = eikthyrnir.QualityChange;
const row = (provider: string, version = 1n) => ({ provider_id: provider, model: 'm', version }) as QualityRow;
const waits = { batchMs: 40, signOfLifeMs: 5_000 };
const idle = new AbortController().signal;

describe('createWatcher', () => {
  it('coalesces changes of one key into the latest, keeping why it is urgent', async () => {
    const watcher = createWatcher(1n, new Set(), 10);
    for (let version = 1n; version <= 1_000n; version++) {
      watcher.offer([{ row: row('p', version), change: version === 7n ? OFFLINE : UNSPECIFIED }], version);
    }
    const { changes, position } = await watcher.take(waits, idle);
    expect(changes).toEqual([{ row: row('p', 1_000n), change: OFFLINE }]);
    expect(position).toBe(1_000n);
  });

  it('holds unimportant changes for a batch and hands important ones out at once', async () => {
    const watcher = createWatcher(1n, new Set(), 10);
    watcher.offer([{ row: row('p'), change: UNSPECIFIED }], 2n);
    const startedAt = performance.now();
    await watcher.take(waits, idle);
    expect(performance.now() - startedAt).toBeGreaterThan(30);
    const taking = watcher.take({ ...waits, batchMs: 5_000 }, idle);
    watcher.offer([{ row: row('p'), change: UNSPECIFIED }], 3n);
    watcher.offer([{ row: row('q'), change: OFFLINE }], 4n);
    expect((await taking).changes).toHaveLength(2);
  });

  it('gives a sign of life when nothing happens, and ends when aborted', async () => {
    const watcher = createWatcher(1n, new Set(), 10);
    expect(await watcher.take({ ...waits, signOfLifeMs: 10 }, idle)).toEqual({ changes: [], position: 1n });
    expect((await watcher.take(waits, AbortSignal.timeout(10))).changes).toEqual([]);
  });

  it('leaves out what was not asked for, and ends rather than grow without bound', async () => {
    const watcher = createWatcher(1n, new Set(['a', 'b', 'c']), 2);
    watcher.offer([{ row: row('x'), change: OFFLINE }], 2n);
    expect((await watcher.take({ ...waits, signOfLifeMs: 10 }, idle)).changes).toEqual([]);
    watcher.offer(
      ['a', 'b', 'c'].map((p) => ({ row: row(p), change: UNSPECIFIED })),
      3n,
    );
    await expect(watcher.take(waits, idle)).rejects.toMatchObject({ reason: 'WATCHER_TOO_SLOW' });
  });
});
