import { type Clock } from '@edda/telemetry';
import { type Offer } from '../providers/provider-directory.ts';
import { pricePerThousand } from './request-cost.ts';
import { ASSUMED_OUTPUT_TOKENS, type Reference } from './routing-query.ts';

/** One epoch, ms. */
const EPOCH_MS = 1_000;

/** A request of equal parts, so that the median does not depend on who asks first in an epoch. */
const typical = {
  model: '',
  networkId: '',
  inputTokens: ASSUMED_OUTPUT_TOKENS,
  maxOutputTokens: ASSUMED_OUTPUT_TOKENS,
  minQuality: 0,
  maxLatencyMs: 0,
  onlyProviders: [],
  ignoreProviders: [],
  ownNetworkOnly: false,
  trustedOnly: false,
} as const;

export interface ReferenceEpochs {
  /** The figures of a model for the present epoch, computed on its first use within the epoch. */
  referenceFor(model: string, offers: readonly Offer[], latencyMs: number): Reference;
}

/** Keeps each model's reference figures constant for an epoch of 1 s, so that a score can be explained. */
export function createReferenceEpochs({ clock }: { clock: Clock }): ReferenceEpochs {
  let current = -1;
  const byModel = new Map<string, Reference>();
  return {
    referenceFor(model, offers, latencyMs) {
      const epoch = Math.floor(clock.now().getTime() / EPOCH_MS);
      if (epoch !== current) {
        byModel.clear();
        current = epoch;
      }
      const known = byModel.get(model);
      if (known !== undefined) return known;
      const reference = { epoch, latencyMs, ...figuresOver(offers) };
      byModel.set(model, reference);
      return reference;
    },
  };
}

/** Median price and mean served over the offers that take jobs; over all of them when none does. */
export function figuresOver(offers: readonly Offer[]): Pick<Reference, 'medianPriceCents' | 'meanServed'> {
  const serving = offers.filter((offer) => offer.available);
  const counted = serving.length > 0 ? serving : offers;
  if (counted.length === 0) return { medianPriceCents: 0, meanServed: 0 };
  const prices = Float64Array.from(counted, (offer) => pricePerThousand(typical, offer.price)).sort();
  // In ascending order, so that the sum does not depend on the order of the offers.
  const served = Float64Array.from(counted, (offer) => offer.served).sort();
  const middle = prices.length >> 1;
  return {
    medianPriceCents: prices.length % 2 === 1 ? prices[middle]! : (prices[middle - 1]! + prices[middle]!) / 2,
    meanServed: served.reduce((sum, value) => sum + value, 0) / served.length,
  };
}
