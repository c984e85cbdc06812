import { type njordr } from '@edda/contracts';
import { describe, expect, it } from 'vitest';
import { accepted, chunk, eventsOf, playing, receipt, startEdge } from './edge-fixture.ts';

const messages = [{ role: 'user', content: 'Hi' }];

describe('headers', () => {
  it('carry cost limit and preferences; the body’s edda object wins', async () => {
    let seen: njordr.ComputeParameters | undefined;
    const edge = await startEdge({
      compute: {
        executeRequest: async function* ({ parameters }) {
          seen = parameters;
          yield* [accepted(), chunk(1n, 'x'), receipt()];
        },
      },
    });
    const headers = {
      'x-edda-max-cost-cents': '12',
      'x-edda-only-providers': 'a,b',
      'x-edda-own-network-only': 'true',
      'x-edda-min-quality': '0.25',
    };
    const body = { model: 'm', messages, edda: { max_cost_cents: 7, preferences: { min_quality: 0.5 } } };
    const answer = await edge.call('POST', '/v1/chat/completions', { headers, body });
    expect(answer.status).toBe(200);
    expect(seen).toMatchObject({
      maxCostCents: 7n,
      preferences: { onlyProviders: ['a', 'b'], ownNetworkOnly: true, minQuality: 0.5 },
    });
    const wrong = await edge.call('POST', '/v1/chat/completions', {
      headers: { 'x-edda-max-cost-cents': '1.5' },
      body: { model: 'm', messages },
    });
    expect(wrong.json).toMatchObject({ error: { code: 'INVALID_INPUT', param: 'max_cost_cents' } });
  });

  it('reach a streaming client before the text', async () => {
    const edge = await startEdge({ compute: { executeRequest: playing(accepted(), chunk(1n, 'x'), receipt()) } });
    const body = { model: 'm', messages, stream: true };
    const answer = await edge.call('POST', '/v1/chat/completions', { body });
    expect(answer.headers.get('x-edda-request-id')).toBe('req-1');
    expect(answer.headers.get('x-edda-held-cents')).toBe('9');
    expect(eventsOf(answer.text).at(-1)?.data).toBe('[DONE]');
  });
});
