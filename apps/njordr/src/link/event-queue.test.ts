import { describe, expect, it, vi } from 'vitest';
import { createEventQueue } from './event-queue.ts';

describe('the event queue', () => {
  it('gives every item once and in order, whether it waited or was waited for', async () => {
    const queue = createEventQueue<number>();
    const read: number[] = [];
    const reading = (async () => {
      for await (const item of queue) read.push(item);
    })();
    for (let item = 0; item < 1_000; item += 1) {
      queue.push(item);
      if (item % 97 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    queue.finish(1_000);
    await reading;
    expect(read).toEqual(Array.from({ length: 1_001 }, (_, index) => index));
    expect(queue.length).toBe(0);
  });

  it('takes nothing after its end', async () => {
    const queue = createEventQueue<string>();
    queue.finish('last');
    queue.push('late');
    queue.finish('later');
    expect(await Array.fromAsync(queue)).toEqual(['last']);
  });

  it('tells when the reader leaves early, and only then', async () => {
    const onAbandoned = vi.fn();
    const left = createEventQueue<number>({ onAbandoned });
    left.push(1);
    left.push(2);
    for await (const _ of left) break;
    expect(onAbandoned).toHaveBeenCalledTimes(1);
    const complete = createEventQueue<number>({ onAbandoned });
    complete.finish(1);
    await Array.fromAsync(complete);
    expect(onAbandoned).toHaveBeenCalledTimes(1);
  });
});
