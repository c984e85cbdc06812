import { afterEach, describe, expect, it } from 'vitest';
import { createCounterPool, type CounterPool, type CounterPoolOptions } from './create-counter-pool.ts';
import { createTokenCounter } from './index.ts';

const table = { 'acme-*': 'cl100k_base' };
const counter = createTokenCounter({ table });
const large = 'Größe und Maß, 1234 words. '.repeat(4_000);
const pools: CounterPool[] = [];
afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.close())));

function open(more: Partial<CounterPoolOptions> = {}): CounterPool {
  const pool = createCounterPool({ counter, options: () => ({ table }), deadlineMs: 120_000, ...more });
  pools.push(pool);
  return pool;
}

describe('the counter pool', () => {
  it.each(['gpt-4o', 'acme-1', 'llama3', 'nobody-knows'])(
    'counts large inputs of %s as the counter does',
    async (model) => {
      const pool = open({ threads: 1 });
      expect(await pool.countText(model, large)).toEqual(counter.countText(model, large));
      const messages = [{ role: 'user', content: large, name: 'ann' }];
      expect(await pool.countMessages(model, messages)).toEqual(counter.countMessages(model, messages));
    },
  );

  it('counts small inputs in the calling thread, whatever the threads do', async () => {
    const order: string[] = [];
    const pool = open({ threads: 1 });
    const huge = pool.countText('gpt-4o', 'qx'.repeat(500_000)).then(() => order.push('huge'));
    const small = pool.countText('gpt-4o', 'hello world').then(() => order.push('small'));
    await Promise.all([huge, small]);
    expect(order).toEqual(['small', 'huge']);
  });

  it('refuses what exceeds its bound with RATE_LIMITED, and takes more once there is room', async () => {
    const pool = open({ threads: 1, maxJobs: 2 });
    const first = [pool.countText('gpt-4o', large), pool.countText('gpt-4o', large)];
    await expect(pool.countText('gpt-4o', large)).rejects.toMatchObject({
      reason: 'RATE_LIMITED',
      retryAfterMs: 1_000,
    });
    await Promise.all(first);
    await expect(pool.countText('gpt-4o', large)).resolves.toMatchObject({ method: 'EXACT' });
  });

  it('gives up after the deadline and goes on with a fresh thread', async () => {
    const pool = open({ threads: 1, deadlineMs: 1 });
    await expect(pool.countText('gpt-4o', large)).rejects.toMatchObject({ reason: 'DEADLINE_EXCEEDED' });
    await expect(pool.countText('gpt-4o', large)).rejects.toMatchObject({ reason: 'DEADLINE_EXCEEDED' });
    expect(await pool.countText('gpt-4o', 'hello')).toMatchObject({ tokens: 1 });
  });

  it('refuses what a dying thread was counting, and goes on with another', async () => {
    const options = [{ table: { x: 'no-such-encoding' } }];
    const pool = open({ threads: 1, options: () => options.pop() ?? { table } });
    await expect(pool.countText('gpt-4o', large)).rejects.toMatchObject({ reason: 'DEPENDENCY_UNAVAILABLE' });
    await expect(pool.countText('gpt-4o', large)).resolves.toMatchObject({ method: 'EXACT' });
  });

  it('refuses everything large once it is closed', async () => {
    const pool = open();
    const running = pool.countText('gpt-4o', large);
    const refused = expect(running).rejects.toMatchObject({ reason: 'DEPENDENCY_UNAVAILABLE' });
    await pool.close();
    await refused;
    await expect(pool.countText('gpt-4o', large)).rejects.toMatchObject({ reason: 'DEPENDENCY_UNAVAILABLE' });
  });
});
