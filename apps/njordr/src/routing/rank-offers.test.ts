import { njordr } from '@edda/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { offer } from '../../test/support/offer.ts';
import { type Offer } from '../providers/provider-directory.ts';
import { createRouter, type RoutingSettings } from './create-router.ts';
import { explainRouting, scoreAgain } from './explain-routing.ts';
import { type RoutingQuery } from './routing-query.ts';

const weights = { price: 30, quality: 25, latency: 20, availability: 15, fairness: 10 };
const settings: RoutingSettings = {
  weights,
  explorationShare: 0.02,
  explorationMinObservations: 5,
  latencyReferenceMs: 500,
};
const query: RoutingQuery = {
  model: 'm',
  networkId: 'net-1',
  inputTokens: 100n,
  minQuality: 0,
  maxLatencyMs: 0,
  onlyProviders: [],
  ignoreProviders: [],
  ownNetworkOnly: false,
  trustedOnly: false,
};
const at = new Date('2026-01-01T00:00:00.500Z');
const routerOver = (offers: Offer[], random: () => number = () => 0.99) =>
  createRouter({ directory: { offers: () => offers }, clock: { now: () => at }, random, settings: () => settings });
const explain = (offers: Offer[]) => explainRouting('r', routerOver(offers).route(query));

const anyOffer = fc.record({
  priceCents: fc.bigInt(0n, 10n ** 9n),
  unitTokens: fc.bigInt(1n, 10n ** 9n),
  lowerBound: fc.double({ min: 0, max: 1, noNaN: true }),
  ttftEwmaMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
  uptime: fc.double({ min: 0, max: 1, noNaN: true }),
  capacity: fc.integer({ min: 1, max: 10_000 }),
  inFlight: fc.integer({ min: 0, max: 10_000 }),
  served: fc.double({ min: 0, max: 1e6, noNaN: true }),
  lastChosenAt: fc.integer({ min: 0, max: 3 }),
  available: fc.boolean(),
});
const offersOf = (drawn: readonly (typeof anyOffer extends fc.Arbitrary<infer T> ? T : never)[]): Offer[] =>
  drawn.map(({ priceCents, unitTokens, lowerBound, ...rest }, index) =>
    offer({
      providerId: `p${String(index).padStart(3, '0')}`,
      price: { priceCents, unitTokens },
      quality: { mean: lowerBound, lowerBound, effectiveCount: 10 },
      ...rest,
    }),
  );
const anyMarket = fc.array(anyOffer, { maxLength: 40 }).map(offersOf);

describe('domain.md, routing 2: score', () => {
  it('every term and score lies in [0, 1]', () => {
    fc.assert(
      fc.property(anyMarket, (market) => {
        for (const { breakdown } of explain(market).best) {
          const { price, quality, latency, availability, fairness, score } = breakdown!;
          for (const term of [price, quality, latency, availability, fairness, score]) {
            expect(term).toBeGreaterThanOrEqual(0);
            expect(term).toBeLessThanOrEqual(1);
          }
        }
      }),
    );
  });

  it('has the terms of the published formulas', () => {
    const dear = offer({ providerId: 'dear', price: { priceCents: 30n, unitTokens: 1_000n }, served: 3, inFlight: 1 });
    const cheap = offer({ providerId: 'cheap', served: 1, uptime: 0.5 });
    const best = explain([dear, cheap]).best.find(({ providerId }) => providerId === 'dear');
    // Median of 30 and 10 is 20, mean of 3 and 1 is 2.
    expect(best?.breakdown).toMatchObject({
      price: 20 / 50,
      quality: 0.7,
      latency: 500 / (500 + 200),
      availability: 0.75,
      fairness: 1 / (1 + 3 / 2),
    });
    expect(best?.breakdown?.score).toBeCloseTo(0.3 * 0.4 + 0.25 * 0.7 + 0.2 * (5 / 7) + 0.15 * 0.75 + 0.1 * 0.4, 12);
  });

  it('a free provider has the best price term, even among free ones', () => {
    const free = offer({ price: { priceCents: 0n, unitTokens: 1_000n } });
    expect(explain([free]).best[0]?.breakdown?.price).toBe(1);
  });

  it('reference figures stay constant within an epoch of 1 s', () => {
    const market = [offer()];
    const router = routerOver(market);
    const before = router.route(query).reference;
    market.push(offer({ providerId: 'p2', price: { priceCents: 1_000n, unitTokens: 1_000n } }));
    expect(router.route(query).reference).toEqual(before);
  });

  it('a decision can be recomputed from what is stored of it', () => {
    fc.assert(
      fc.property(anyMarket, (market) => {
        const stored = njordr.RoutingDecision.decode(njordr.RoutingDecision.encode(explain(market)).finish());
        for (const { breakdown } of stored.best) {
          const inputs = breakdown!.inputs!;
          const ref = stored.reference!;
          const price = inputs.priceCents === 0 ? 1 : ref.medianPriceCents / (ref.medianPriceCents + inputs.priceCents);
          const latency = ref.latencyMs / (ref.latencyMs + inputs.ttftMs * (inputs.inFlight + 1));
          const fairness = ref.meanServed === 0 ? 1 : 1 / (1 + inputs.served / ref.meanServed);
          const w = stored.weights!;
          const score =
            (price * w.price +
              inputs.responseQuality * inputs.reliability * w.quality +
              latency * w.latency +
              inputs.uptime * inputs.freeShare * w.availability +
              fairness * w.fairness) /
            100;
          expect(breakdown!.score).toBeCloseTo(score, 12);
        }
      }),
    );
  });
});

describe('domain.md, routing 3: equal conditions', () => {
  it('the order does not depend on the order of the offers', () => {
    fc.assert(
      fc.property(
        anyMarket.chain((market) =>
          fc.tuple(fc.constant(market), fc.shuffledSubarray(market, { minLength: market.length })),
        ),
        ([market, shuffled]) => {
          expect(explain(shuffled)).toEqual(explain(market));
        },
      ),
    );
  });

  it('scores within 0.001 go to the least recently chosen, also among more than ten', () => {
    const market = Array.from({ length: 30 }, (_, index) =>
      offer({ providerId: `p${index}`, lastChosenAt: 1_000 - index, uptime: 1 - (index % 2) * 0.003 }),
    );
    const decision = explain(market);
    expect(decision.chosenProviderId).toBe('p29');
    expect(decision.tieBroken).toBe(true);
    expect(decision.best.map(({ providerId }) => providerId)).toEqual(
      Array.from({ length: 10 }, (_, index) => `p${29 - index}`),
    );
  });

  it('a clearly better score wins whatever was chosen last', () => {
    const better = offer({ providerId: 'better', lastChosenAt: 99, ttftEwmaMs: 10 });
    expect(explain([offer(), better])).toMatchObject({ chosenProviderId: 'better', tieBroken: false });
  });
});

describe('domain.md, routing 4: exploration', () => {
  const known = offer({ providerId: 'known' });
  const newcomer = offer({
    providerId: 'new',
    ttftEwmaMs: 10_000,
    quality: { mean: 0.5, lowerBound: 0.3, effectiveCount: 4.9 },
  });

  it('a small share goes to a provider with too few observations, the best stays next', () => {
    const outcome = routerOver([known, newcomer], () => 0.019).route(query);
    expect(outcome.explored).toBe(true);
    expect(outcome.candidates.map(({ offer: { providerId } }) => providerId)).toEqual(['new', 'known']);
  });

  it('the rest does not, and nobody is explored past a hard filter', () => {
    expect(routerOver([known, newcomer], () => 0.02).route(query).explored).toBe(false);
    const full = { ...newcomer, inFlight: 4 };
    expect(routerOver([known, full], () => 0).route(query).candidates).toHaveLength(1);
  });
});

describe('domain.md, routing 7: explanation', () => {
  it('keeps the ten best, filter counts and at most four candidates', () => {
    const market = Array.from({ length: 15 }, (_, index) => offer({ providerId: `p${index}`, ttftEwmaMs: index * 50 }));
    const decision = explain([...market, offer({ providerId: 'off', available: false })]);
    expect(decision.best).toHaveLength(10);
    expect(decision.candidateProviderIds).toEqual(['p0', 'p1', 'p2', 'p3']);
    expect(decision.filterCounts).toEqual([{ filter: njordr.RoutingFilter.UNAVAILABLE, removed: 1n }]);
    expect(decision).toMatchObject({ considered: 16n, eligible: 15n, epoch: BigInt(Math.floor(at.getTime() / 1_000)) });
  });

  it('scores one provider again under the same reference, and says what filters it', () => {
    const decision = explain([offer()]);
    const slow = offer({ providerId: 'me', ttftEwmaMs: 500, coolingUntil: Infinity });
    const again = scoreAgain(slow, query, decision, at.getTime());
    expect(again).toMatchObject({ rank: 0, filteredBy: njordr.RoutingFilter.COOLDOWN, breakdown: { latency: 0.5 } });
    expect(scoreAgain(offer(), query, decision, at.getTime())).toEqual(decision.best[0]);
  });
});

describe('domain.md, identity: what is not shared with the requester’s network does not exist', () => {
  it('neither counted nor told of, whatever else is asked', () => {
    const hidden = offer({ providerId: 'hidden', networkId: 'net-2', sharing: 'own-network' });
    const trusting = offer({ providerId: 'trusting', networkId: 'net-2', sharing: 'trusted' });
    const nothing = routerOver([hidden, trusting]).route(query);
    expect(nothing).toMatchObject({ considered: 0, eligible: 0, best: [] });
    expect(nothing.removed.size).toBe(0);
    const shown = offer({ providerId: 'shown', networkId: 'net-2', sharing: 'public' });
    const own = routerOver([hidden, shown]).route({ ...query, ownNetworkOnly: true });
    expect([own.considered, ...own.removed.values()]).toEqual([1, 1]);
  });
});
