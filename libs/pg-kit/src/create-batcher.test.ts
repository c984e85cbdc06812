import { describe, expect, it } from 'vitest';
import { setImmediate as turn } from 'node:timers/promises';
import { AsyncLocalStorage } from 'node:async_hooks';
import pg from 'pg';
import { createBatcher } from './create-batcher.ts';

/** A flush that the test ends by hand. */
function gated() {
  const batches: { items: readonly number[]; finish: () => void }[] = [];
  const flush = (items: readonly number[]): Promise<number[]> =>
    new Promise((resolve) => batches.push({ items, finish: () => resolve(items.map((item) => item * 10)) }));
  return { batches, flush };
}

describe('createBatcher', () => {
  it('flushes at once while idle: one turn of the event loop, no timer', async () => {
    const { batches, flush } = gated();
    const batcher = createBatcher({ maxSize: 10, maxWaitMs: 60_000, flush });
    const result = batcher.submit(1);
    await turn();
    expect(batches.map(({ items }) => items)).toEqual([[1]]);
    batches[0]!.finish();
    expect(await result).toBe(10);
  });

  it('gathers what arrives during a flush, up to maxSize', async () => {
    const { batches, flush } = gated();
    const batcher = createBatcher({ maxSize: 3, maxWaitMs: 60_000, maxConcurrent: 1, flush });
    const first = batcher.submit(0);
    await turn();
    const others = Promise.all([1, 2, 3, 4].map((item) => batcher.submit(item)));
    await turn();
    expect(batches).toHaveLength(1);
    batches[0]!.finish();
    await first;
    await turn();
    batches[1]!.finish();
    await turn();
    batches[2]!.finish();
    expect(await others).toEqual([10, 20, 30, 40]);
    expect(batches.map(({ items }) => items)).toEqual([[0], [1, 2, 3], [4]]);
  });

  it('starts a flush beside a slow one once an item waited maxWaitMs', async () => {
    const { batches, flush } = gated();
    const batcher = createBatcher({ maxSize: 10, maxWaitMs: 2, flush });
    const slow = batcher.submit(1);
    await turn();
    const second = batcher.submit(2);
    await expect.poll(() => batches.length).toBe(2);
    batches[1]!.finish();
    expect(await second).toBe(20);
    batches[0]!.finish();
    await slow;
  });

  it('fails a bad item alone when the flush reports it', async () => {
    const flush = async (items: readonly number[]) => items.map((item) => (item === 2 ? new Error('bad') : item));
    const batcher = createBatcher({ maxSize: 10, maxWaitMs: 1, flush });
    const settled = await Promise.allSettled([1, 2, 3].map((item) => batcher.submit(item)));
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('tries items one by one after the database refused a batch because of its data', async () => {
    const refusal = Object.assign(new pg.DatabaseError('check', 1, 'error'), { code: '23514' });
    const flush = async (items: readonly number[]): Promise<number[]> => {
      if (items.includes(2)) throw refusal;
      return [...items];
    };
    const batcher = createBatcher({ maxSize: 10, maxWaitMs: 1, flush });
    const settled = await Promise.allSettled([1, 2, 3].map((item) => batcher.submit(item)));
    expect(settled).toMatchObject([{ value: 1 }, { reason: refusal }, { value: 3 }]);
  });

  it('never repeats a batch whose outcome is unknown', async () => {
    let flushes = 0;
    const flush = async (): Promise<number[]> => {
      flushes += 1;
      throw new Error('connection lost');
    };
    const batcher = createBatcher({ maxSize: 10, maxWaitMs: 1, flush });
    const settled = await Promise.allSettled([1, 2].map((item) => batcher.submit(item)));
    expect(settled.every(({ status }) => status === 'rejected')).toBe(true);
    expect(flushes).toBe(1);
  });

  it('refuses items beyond maxQueued, with a retry time', async () => {
    const { batches, flush } = gated();
    const batcher = createBatcher({ maxSize: 1, maxWaitMs: 60_000, maxQueued: 1, maxConcurrent: 1, flush });
    const running = batcher.submit(1);
    await turn();
    const queued = batcher.submit(2);
    await expect(batcher.submit(3)).rejects.toMatchObject({
      kind: 'exhausted',
      reason: 'RATE_LIMITED',
      retryAfterMs: 60_000,
    });
    batches[0]!.finish();
    await running;
    await turn();
    batches[1]!.finish();
    expect(await queued).toBe(20);
  });

  it('answers what it accepted before closing, and takes nothing more', async () => {
    const batcher = createBatcher({ maxSize: 2, maxWaitMs: 1, flush: async (items: readonly number[]) => [...items] });
    const accepted = Promise.all([1, 2, 3].map((item) => batcher.submit(item)));
    const closed = batcher.close();
    await expect(batcher.submit(4)).rejects.toMatchObject({ reason: 'DRAINING' });
    await closed;
    expect(await accepted).toEqual([1, 2, 3]);
  });

  it('runs a flush outside the context of whoever submitted first', async () => {
    const storage = new AsyncLocalStorage<string>();
    const flush = async (items: readonly number[]) => items.map(() => storage.getStore() ?? 'none');
    const batcher = createBatcher({ maxSize: 2, maxWaitMs: 1, flush });
    expect(await storage.run('request', () => batcher.submit(1))).toBe('none');
  });
});
