import { describe, expect, it } from 'vitest';
import { createSettings } from '@edda/settings';
import { njordrSettings } from './settings.ts';

const load = (overrides: object) => createSettings({ schema: njordrSettings, overrides, watch: false });

describe('settings', () => {
  it('have sound defaults', async () => {
    const settings = await load({});
    expect(settings.current().routing.weights).toEqual({
      price: 30,
      quality: 25,
      latency: 20,
      availability: 15,
      fairness: 10,
    });
    settings.close();
  });

  it('domain.md, routing: weights sum to 100', async () => {
    await expect(load({ routing: { weights: { price: 31 } } })).rejects.toMatchObject({
      violations: [{ field: 'routing.weights' }],
    });
  });

  it('domain.md, pre-authorization: a request’s deadline is at most the hold’s life less the margin', async () => {
    await expect(load({ requests: { maxTimeoutMs: 780_001 } })).rejects.toMatchObject({
      violations: [{ field: 'requests.maxTimeoutMs' }],
    });
  });
});
