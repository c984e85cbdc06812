import { describe, expect, it } from 'vitest';
import { makeOffers } from './make-offers.ts';
import { agentSettings, type AgentSettings } from '../settings.ts';

const settings = (models: object[]): AgentSettings =>
  agentSettings.shape.parse({
    market: {},
    provider: {},
    models,
    upstream: { openai: {}, builtin: {} },
    link: {},
    operations: {},
    log: {},
  });

describe('makeOffers', () => {
  it('offers what the upstream lists when nothing is configured', () => {
    const { models } = makeOffers(settings([]), [{ id: 'a', contextTokens: 100 }, { id: 'b' }]);
    expect(models.map(({ model, contextLength }) => [model, contextLength])).toEqual([
      ['a', 100n],
      ['b', 4096n],
    ]);
  });

  it('offers only what is both configured and there, the configured context length winning', () => {
    const configured = [
      { name: 'nice', upstreamName: 'a', contextLength: 50, price: { priceCents: 3 } },
      { name: 'missing' },
    ];
    const { models, upstreamNames } = makeOffers(settings(configured), [{ id: 'a', contextTokens: 100 }, { id: 'b' }]);
    expect(models).toMatchObject([
      { model: 'nice', contextLength: 50n, price: { priceCents: 3n, priceUnitTokens: 1000n } },
    ]);
    expect([...upstreamNames]).toEqual([['nice', 'a']]);
  });
});
