import { type Offer } from '../providers/provider-directory.ts';
import { expectedLatencyMs } from './filter-offer.ts';
import { pricePerThousand } from './request-cost.ts';
import { type Reference, type RoutingQuery, type Weights } from './routing-query.ts';

/** The figures one score comes from. */
export interface ScoreFigures {
  /** Cost of this request per 1,000 tokens, cents. */
  priceCents: number;
  /** Lower bound of response quality × reliability. */
  quality: number;
  ttftMs: number;
  inFlight: number;
  uptime: number;
  freeShare: number;
  served: number;
}

/** Each from 0 to 1, higher is better. */
export interface ScoreTerms {
  price: number;
  quality: number;
  latency: number;
  availability: number;
  fairness: number;
}

export function figuresOf(offer: Offer, query: RoutingQuery): ScoreFigures {
  return {
    priceCents: pricePerThousand(query, offer.price),
    quality: offer.quality.lowerBound,
    ttftMs: offer.ttftEwmaMs,
    inFlight: offer.inFlight,
    uptime: offer.uptime,
    freeShare: freeShareOf(offer),
    served: offer.served,
  };
}

/** The five terms of domain.md, "Routing". */
export function scoreTerms(figures: ScoreFigures, reference: Reference): ScoreTerms {
  const latencyMs = figures.ttftMs * (figures.inFlight + 1);
  return {
    price: priceTerm(figures.priceCents, reference.medianPriceCents),
    quality: unit(figures.quality),
    latency: reference.latencyMs / (reference.latencyMs + latencyMs),
    availability: unit(figures.uptime * figures.freeShare),
    fairness: fairnessTerm(figures.served, reference.meanServed),
  };
}

/** Weighted sum, 0 to 1. */
export function weightedScore(terms: ScoreTerms, weights: Weights): number {
  return (
    (terms.price * weights.price +
      terms.quality * weights.quality +
      terms.latency * weights.latency +
      terms.availability * weights.availability +
      terms.fairness * weights.fairness) /
    100
  );
}

/** The same as `weightedScore(scoreTerms(figuresOf(…)))`, bit by bit, without objects: it runs once per provider. */
export function scoreOffer(offer: Offer, query: RoutingQuery, reference: Reference, weights: Weights): number {
  return (
    (priceTerm(pricePerThousand(query, offer.price), reference.medianPriceCents) * weights.price +
      unit(offer.quality.lowerBound) * weights.quality +
      (reference.latencyMs / (reference.latencyMs + expectedLatencyMs(offer))) * weights.latency +
      unit(offer.uptime * freeShareOf(offer)) * weights.availability +
      fairnessTerm(offer.served, reference.meanServed) * weights.fairness) /
    100
  );
}

function freeShareOf({ capacity, inFlight }: Offer): number {
  return capacity <= 0 ? 0 : Math.max(0, capacity - inFlight) / capacity;
}

/** ref / (ref + price); free scores 1, also where the median is free and the ratio would be 0 / 0. */
function priceTerm(priceCents: number, medianCents: number): number {
  return priceCents === 0 ? 1 : medianCents / (medianCents + priceCents);
}

/** 1 / (1 + served / mean served); while nobody served anything, all are equal. */
function fairnessTerm(served: number, meanServed: number): number {
  return meanServed <= 0 ? 1 : 1 / (1 + served / meanServed);
}

function unit(value: number): number {
  return value < 0 ? 0 : value > 1 ? 1 : value;
}
