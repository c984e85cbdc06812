import { njordr } from '@edda/contracts';
import { type Offer } from '../providers/provider-directory.ts';
import { type RoutingOutcome } from './create-router.ts';
import { filterOffer, prepareQuery } from './filter-offer.ts';
import { type Ranked } from './rank-offers.ts';
import { requestCostCents } from './request-cost.ts';
import { type Reference, type RoutingQuery, type Weights } from './routing-query.ts';
import { figuresOf, scoreTerms, weightedScore } from './score-offer.ts';

/** A ranked provider with its terms and the figures they come from. @param rank from 1; 0 for one that was filtered */
export function explainOffer(
  offer: Offer,
  query: RoutingQuery,
  { reference, weights, rank }: { reference: Reference; weights: Weights; rank: number },
): njordr.RankedProvider {
  const figures = figuresOf(offer, query);
  const terms = scoreTerms(figures, reference);
  return njordr.RankedProvider.fromPartial({
    providerId: offer.providerId,
    rank,
    breakdown: {
      ...terms,
      score: weightedScore(terms, weights),
      weights,
      inputs: {
        priceCents: figures.priceCents,
        // The directory keeps the product of quality and reliability; it stands under quality, times one.
        responseQuality: figures.quality,
        reliability: 1,
        ttftMs: figures.ttftMs,
        inFlight: figures.inFlight,
        uptime: figures.uptime,
        freeShare: figures.freeShare,
        served: figures.served,
      },
    },
    estimatedCostCents: requestCostCents(query, offer.price),
    priceVersion: offer.priceVersion,
  });
}

export function explainBest(outcome: RoutingOutcome, best: readonly Ranked[] = outcome.best): njordr.RankedProvider[] {
  return best.map(({ offer }, index) => explainOffer(offer, outcome.query, { ...outcome, rank: index + 1 }));
}

export function filterCounts({ removed }: Pick<RoutingOutcome, 'removed'>): njordr.FilterCount[] {
  return [...removed].sort(([a], [b]) => a - b).map(([filter, count]) => ({ filter, removed: BigInt(count) }));
}

export function referenceMessage(reference: Reference): njordr.RoutingReference {
  const { medianPriceCents, meanServed, latencyMs } = reference;
  return { medianPriceCents, meanServed, latencyMs };
}

/** The decision as it is stored: ten best with terms, filter counts, epoch, weights, reference figures. */
export function explainRouting(requestId: string, outcome: RoutingOutcome): njordr.RoutingDecision {
  return njordr.RoutingDecision.fromPartial({
    requestId,
    epoch: BigInt(outcome.reference.epoch),
    decidedAt: outcome.decidedAt,
    weights: outcome.weights,
    reference: referenceMessage(outcome.reference),
    best: explainBest(outcome),
    filterCounts: filterCounts(outcome),
    considered: BigInt(outcome.considered),
    eligible: BigInt(outcome.eligible),
    chosenProviderId: outcome.candidates[0]?.offer.providerId ?? '',
    explored: outcome.explored,
    tieBroken: outcome.tied && !outcome.explored,
    candidateProviderIds: outcome.candidates.map(({ offer }) => offer.providerId),
  });
}

/** "Why not me": one provider scored again, by its present figures, under the decision's epoch and weights. */
export function scoreAgain(
  offer: Offer,
  query: RoutingQuery,
  decision: njordr.RoutingDecision,
  nowMs: number,
): njordr.RankedProvider {
  const { reference, weights } = decision;
  const known = decision.best.find(({ providerId }) => providerId === offer.providerId);
  if (known !== undefined || reference === undefined || weights === undefined) {
    return known ?? njordr.RankedProvider.fromPartial({ providerId: offer.providerId });
  }
  const again = explainOffer(offer, query, {
    reference: { epoch: Number(decision.epoch), ...reference },
    weights,
    rank: 0,
  });
  return { ...again, filteredBy: filterOffer(offer, prepareQuery(query), nowMs) };
}
