import { describe, expect, it } from 'vitest';
import { startEdge } from './edge-fixture.ts';

const compute = { getRequest: async () => ({ request: undefined }) };

describe('rate limits at the edge', () => {
  it('each answer says what is left; beyond the limit it is 429 with the time to come again', async () => {
    const edge = await startEdge({ compute, limits: { perUserPerMinute: 2 } });
    const get = () => edge.call('GET', '/api/v1/marketplace/requests/r-1');
    const first = await get();
    expect([first.status, first.headers.get('ratelimit-limit'), first.headers.get('ratelimit-remaining')]).toEqual([
      200,
      '2',
      '1',
    ]);
    expect(Number(first.headers.get('ratelimit-reset'))).toBeGreaterThan(0);
    await get();
    const refused = await get();
    expect(refused.status).toBe(429);
    expect(refused.json).toMatchObject({ reason: 'RATE_LIMITED', metadata: { limit_per_minute: '2' } });
    expect(refused.headers.get('ratelimit-remaining')).toBe('0');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(30);
  });

  it('a client without an accepted token is limited by its address, before its token is even answered', async () => {
    const edge = await startEdge({ compute, limits: { perAddressPerMinute: 2 } });
    const guess = (token: string) => edge.call('GET', '/api/v1/marketplace/requests/r-1', { token });
    expect((await guess('a')).json).toMatchObject({ reason: 'TOKEN_INVALID' });
    expect((await guess('b')).status).toBe(401);
    expect((await guess('c')).json).toMatchObject({ reason: 'RATE_LIMITED' });
    // Who has a token is not held up by neighbours who guess.
    expect((await edge.call('GET', '/api/v1/marketplace/requests/r-1')).status).toBe(200);
  });
});
