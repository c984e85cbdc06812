import { type Clock } from '@edda/telemetry';
import { type ProviderDirectory } from '../providers/provider-directory.ts';
import { prepareQuery } from './filter-offer.ts';
import { rankOffers, type Ranked, type Ranking } from './rank-offers.ts';
import { createReferenceEpochs } from './reference-epochs.ts';
import { type Reference, type RoutingQuery, type Weights } from './routing-query.ts';

/** A hold pins the prices of at most this many candidates. */
export const MAX_CANDIDATES = 4;
const EXPLAINED = 10;

export interface RoutingSettings {
  weights: Weights;
  explorationShare: number;
  explorationMinObservations: number;
  latencyReferenceMs: number;
}

export interface RoutingOutcome extends Ranking {
  query: RoutingQuery;
  reference: Reference;
  weights: Weights;
  /** In the order they are asked; at most 4, none when no provider is eligible. */
  candidates: Ranked[];
  /** The first candidate was chosen to learn about it. */
  explored: boolean;
  decidedAt: Date;
}

export interface Router {
  /** @param limit how many ranked providers to explain; 10 by default */
  route(query: RoutingQuery, limit?: number): RoutingOutcome;
}

export interface RouterDeps {
  directory: Pick<ProviderDirectory, 'offers'>;
  clock: Clock;
  /** From 0 up to 1; decides who explores. */
  random: () => number;
  settings: () => RoutingSettings;
}

/** Chooses providers; reads the directory, changes nothing. */
export function createRouter({ directory, clock, random, settings }: RouterDeps): Router {
  const epochs = createReferenceEpochs({ clock });
  return {
    route(query, limit = EXPLAINED) {
      const { weights, explorationShare, explorationMinObservations, latencyReferenceMs } = settings();
      const offers = directory.offers(query.model);
      const reference = epochs.referenceFor(query.model, offers, latencyReferenceMs);
      const decidedAt = clock.now();
      const ranking = rankOffers(offers, prepareQuery(query), {
        reference,
        weights,
        nowMs: decidedAt.getTime(),
        limit: Math.max(limit, MAX_CANDIDATES),
        minObservations: explorationMinObservations,
      });
      const explorer = chooseExplorer(ranking, explorationShare, random);
      const byScore = ranking.best.slice(0, MAX_CANDIDATES);
      const candidates =
        explorer === undefined
          ? byScore
          : [explorer, ...byScore.filter(({ offer }) => offer !== explorer.offer)].slice(0, MAX_CANDIDATES);
      return { ...ranking, query, reference, weights, candidates, explored: explorer !== undefined, decidedAt };
    },
  };
}

/** With the given share, one of the eligible providers that are hardly known (domain.md, "Routing" 4). */
function chooseExplorer({ unproven }: Ranking, share: number, random: () => number): Ranked | undefined {
  if (unproven.length === 0 || random() >= share) return undefined;
  return unproven[Math.floor(random() * unproven.length)];
}
