import { createFakeClock } from '@edda/testing';
import { describe, expect, it } from 'vitest';
import { createRetryKeys } from './retry-keys.ts';

const ada = { subject: 'ada', networkId: 'n', roles: new Set(['user'] as const) };
const body = { model: 'm', messages: [] };

describe('domain.md, idempotency: a client that retries without a key is not billed twice', () => {
  it('a retry gets its first attempt’s key for two minutes', () => {
    const clock = createFakeClock(new Date(0));
    const keys = createRetryKeys({ clock });
    const first = keys.keyFor(ada, 'chat', body, 0);
    clock.advance(119_999);
    expect(keys.keyFor(ada, 'chat', body, 1)).toBe(first);
    expect(keys.keyFor(ada, 'chat', body, 2)).toBe(first);
    clock.advance(1);
    expect(keys.keyFor(ada, 'chat', body, 3)).not.toBe(first);
  });

  it('other content, another caller, another tenant, another method is another request', () => {
    const keys = createRetryKeys({ clock: createFakeClock(new Date(0)) });
    const first = keys.keyFor(ada, 'chat', body, 0);
    const others = [
      keys.keyFor(ada, 'chat', { ...body, model: 'n' }, 1),
      keys.keyFor({ ...ada, subject: 'bob' }, 'chat', body, 1),
      keys.keyFor({ ...ada, networkId: 'm' }, 'chat', body, 1),
      keys.keyFor(ada, 'completions', body, 1),
    ];
    expect(new Set([first, ...others]).size).toBe(5);
  });

  it('the same content sent anew, or by a client that marks nothing, is a request of its own', () => {
    const keys = createRetryKeys({ clock: createFakeClock(new Date(0)) });
    const first = keys.keyFor(ada, 'chat', body, 0);
    expect(keys.keyFor(ada, 'chat', body, undefined)).toBe('');
    expect(keys.keyFor(ada, 'chat', body, 1)).toBe(first);
    const anew = keys.keyFor(ada, 'chat', body, 0);
    expect(anew).not.toBe(first);
  });
});
