import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { scratchDatabase } from '../../test/scratch-database.ts';
import { inTransaction } from '../in-transaction.ts';
import { hashRequest } from './hash-request.ts';
import { IDEMPOTENCY_TTL_MS, idempotencyTableSql } from './idempotency-table-sql.ts';
import { sweepIdempotency } from './sweep-idempotency.ts';
import { withIdempotency, type IdempotencyScope } from './with-idempotency.ts';

const now = new Date('2026-01-01T00:00:00Z');
let keys = 0;
const scope = (overrides: Partial<IdempotencyScope> = {}): IdempotencyScope => ({
  tenant: 'net',
  caller: 'user',
  method: '/edda.heidrun.v1.PreAuthService/PreAuthorize',
  key: `key-${keys++}`,
  requestHash: hashRequest({ amount: 1n }),
  now,
  ...overrides,
});

describe('withIdempotency', () => {
  let db: Awaited<ReturnType<typeof scratchDatabase>>;
  beforeAll(async () => {
    db = await scratchDatabase(`${idempotencyTableSql} CREATE TABLE booking (id bigserial, note text)`);
  });
  afterAll(() => db.drop());

  it('does the work once and replays the committed answer', async () => {
    const same = scope();
    const work = vi.fn(async () => ({ id: 'x', costCents: 4n }));
    const onReplay = vi.fn();
    const first = await withIdempotency<unknown>(db.pool, same, work);
    const second = await withIdempotency<unknown>(db.pool, { ...same, onReplay }, work);
    expect(first).toEqual({ id: 'x', costCents: 4 });
    expect(second).toEqual(first);
    expect(work).toHaveBeenCalledTimes(1);
    expect(onReplay).toHaveBeenCalledTimes(1);
  });

  it('a concurrent duplicate waits for the first and gets its answer', async () => {
    const same = scope();
    const gate = Promise.withResolvers<void>();
    const order: string[] = [];
    const work = (name: string) => async () => {
      order.push(name);
      await gate.promise;
      return name;
    };
    const first = withIdempotency(db.pool, same, work('first'));
    await expect.poll(() => order).toEqual(['first']);
    const second = withIdempotency(db.pool, same, work('second')).finally(() => order.push('second answered'));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(order).toEqual(['first']);
    gate.resolve();
    expect(await Promise.all([first, second])).toEqual(['first', 'first']);
  });

  it('only committed outcomes are remembered: after a failure the duplicate does the work', async () => {
    const same = scope();
    const gate = Promise.withResolvers<void>();
    const failing = withIdempotency(db.pool, same, async (client) => {
      await client.query(`INSERT INTO booking (note) VALUES ('lost')`);
      await gate.promise;
      throw new Error('failed');
    });
    const outcome = expect(failing).rejects.toThrow('failed');
    await new Promise((resolve) => setTimeout(resolve, 50));
    const duplicate = withIdempotency(db.pool, same, async () => 'done');
    gate.resolve();
    await outcome;
    expect(await duplicate).toBe('done');
    expect((await db.pool.query('SELECT * FROM booking')).rows).toEqual([]);
  });

  it('refuses the same key with other content', async () => {
    const same = scope();
    await withIdempotency(db.pool, same, async () => 1);
    const other = { ...same, requestHash: hashRequest({ amount: 2n }) };
    await expect(withIdempotency(db.pool, other, async () => 2)).rejects.toMatchObject({
      kind: 'already-exists',
      reason: 'IDEMPOTENCY_CONFLICT',
    });
  });

  it.each(['tenant', 'caller', 'method'] as const)('keys are scoped to the %s', async (field) => {
    const same = scope();
    await withIdempotency(db.pool, same, async () => 1);
    expect(await withIdempotency(db.pool, { ...same, [field]: 'other' }, async () => 2)).toBe(2);
  });

  it('works inside the caller’s transaction and rolls back with it', async () => {
    const same = scope();
    const rolledBack = inTransaction(db.pool, async (client) => {
      await withIdempotency(client, same, async () => 1);
      throw new Error('later step');
    });
    await expect(rolledBack).rejects.toThrow('later step');
    expect(await withIdempotency(db.pool, same, async () => 2)).toBe(2);
  });

  it('remembers for 7 days, then forgets, swept or not', async () => {
    const same = scope();
    const at = (ms: number): IdempotencyScope => ({ ...same, now: new Date(now.getTime() + ms) });
    await withIdempotency(db.pool, same, async () => 1);
    expect(await withIdempotency(db.pool, at(IDEMPOTENCY_TTL_MS - 1), async () => 2)).toBe(1);
    expect(await withIdempotency(db.pool, at(IDEMPOTENCY_TTL_MS), async () => 3)).toBe(3);
    await sweepIdempotency(db.pool, new Date(now.getTime() + IDEMPOTENCY_TTL_MS));
    expect(await withIdempotency(db.pool, at(IDEMPOTENCY_TTL_MS + 1), async () => 4)).toBe(3);
    expect(await sweepIdempotency(db.pool, new Date(now.getTime() + 2 * IDEMPOTENCY_TTL_MS))).toBe(1);
  });
});

describe('hashRequest', () => {
  it('ignores field order and absent fields, and tells types apart', () => {
    expect(hashRequest({ a: 1, b: [new Date(0)] })).toBe(hashRequest({ b: [new Date(0)], a: 1, c: undefined }));
    const different = [1, 1n, '1', '1n', new Uint8Array([1]), [1], { a: 1 }, null].map((value) => hashRequest(value));
    expect(new Set(different).size).toBe(different.length);
  });
});
