import { type njordr } from '@edda/contracts';
import { type Offer } from '../providers/provider-directory.ts';
import { isOffered } from '../providers/visibility.ts';
import { filterOffer, type PreparedQuery } from './filter-offer.ts';
import { type Reference, type Weights } from './routing-query.ts';
import { scoreOffer } from './score-offer.ts';

/** Scores this close are equal conditions (domain.md, "Routing" 3). */
export const TIE_WIDTH = 0.001;

export interface Ranked {
  offer: Offer;
  score: number;
}

export interface Ranking {
  /** Best first, equal scores by least recently chosen; at most `limit`. */
  best: Ranked[];
  /** Providers each filter removed, by its number. */
  removed: Map<njordr.RoutingFilter, number>;
  /** Providers the requester's network may use at all; the others are neither counted nor told of. */
  considered: number;
  eligible: number;
  /** Whether several shared the best score. */
  tied: boolean;
  /** Eligible offers with too few observations, for exploration. */
  unproven: Ranked[];
}

export interface RankOptions {
  reference: Reference;
  weights: Weights;
  /** Epoch ms. */
  nowMs: number;
  limit: number;
  /** Below this many observations a provider counts as unproven. */
  minObservations: number;
}

/** Filters, scores and orders all offers of a model; two passes, and no order of the input matters. */
export function rankOffers(offers: readonly Offer[], query: PreparedQuery, options: RankOptions): Ranking {
  const removed = new Map<njordr.RoutingFilter, number>();
  const scores = new Float64Array(offers.length);
  const unproven: Ranked[] = [];
  const top = new Float64Array(options.limit).fill(-1);
  let considered = 0;
  let eligible = 0;
  for (let index = 0; index < offers.length; index += 1) {
    const offer = offers[index]!;
    if (!isOffered(offer, query.networkId)) {
      scores[index] = -1;
      continue;
    }
    considered += 1;
    const filter = filterOffer(offer, query, options.nowMs);
    if (filter !== 0) {
      removed.set(filter, (removed.get(filter) ?? 0) + 1);
      scores[index] = -1;
      continue;
    }
    const score = scoreOffer(offer, query, options.reference, options.weights);
    scores[index] = score;
    eligible += 1;
    if (score > top[options.limit - 1]!) insertDescending(top, score);
    if (offer.quality.effectiveCount < options.minObservations) unproven.push({ offer, score });
  }
  const threshold = Math.max(0, top[options.limit - 1]! - TIE_WIDTH);
  const contenders: Ranked[] = [];
  for (let index = 0; index < scores.length; index += 1) {
    if (scores[index]! >= threshold) contenders.push({ offer: offers[index]!, score: scores[index]! });
  }
  const groups = tieGroups(contenders, options.limit);
  return {
    best: groups.flat().slice(0, options.limit),
    removed,
    considered,
    eligible,
    tied: (groups[0]?.length ?? 0) > 1,
    unproven,
  };
}

function insertDescending(top: Float64Array, score: number): void {
  let at = top.length - 1;
  for (; at > 0 && top[at - 1]! < score; at -= 1) top[at] = top[at - 1]!;
  top[at] = score;
}

/** Groups of equal conditions, each measured from its own best score, until `limit` are placed. */
function tieGroups(contenders: Ranked[], limit: number): Ranked[][] {
  const groups: Ranked[][] = [];
  let rest = contenders.sort((a, b) => b.score - a.score);
  for (let placed = 0; placed < limit && rest.length > 0; placed += groups.at(-1)!.length) {
    const floor = rest[0]!.score - TIE_WIDTH;
    const end = rest.findIndex(({ score }) => score < floor);
    const size = end < 0 ? rest.length : end;
    groups.push(rest.slice(0, size).sort(leastRecentlyChosen));
    rest = rest.slice(size);
  }
  return groups;
}

function leastRecentlyChosen(a: Ranked, b: Ranked): number {
  return a.offer.lastChosenAt - b.offer.lastChosenAt || (a.offer.providerId < b.offer.providerId ? -1 : 1);
}
