import { njordr } from '@edda/contracts';
import { type Offer } from '../providers/provider-directory.ts';
import { isAffordable } from './request-cost.ts';
import { type RoutingQuery } from './routing-query.ts';
import { isOffered } from '../providers/visibility.ts';

const Filter = njordr.RoutingFilter;

/** A query with its lists as sets, made once per request for scanning many offers. */
export interface PreparedQuery extends RoutingQuery {
  readonly only: ReadonlySet<string> | undefined;
  readonly ignored: ReadonlySet<string> | undefined;
}

export function prepareQuery(query: RoutingQuery): PreparedQuery {
  return {
    ...query,
    only: query.onlyProviders.length === 0 ? undefined : new Set(query.onlyProviders),
    ignored: query.ignoreProviders.length === 0 ? undefined : new Set(query.ignoreProviders),
  };
}

/** Output tokens a provider has room for after this input; below 1 when it has none. */
export function outputRoom(offer: Offer, inputTokens: bigint): bigint {
  if (offer.maxInputTokens > 0n && inputTokens > offer.maxInputTokens) return 0n;
  const left = offer.contextLength - inputTokens;
  return offer.maxOutputTokens > 0n && offer.maxOutputTokens < left ? offer.maxOutputTokens : left;
}

/** Expected time to first token, ms: the moving average, times the jobs that would then be in flight. */
export function expectedLatencyMs(offer: Offer): number {
  return offer.ttftEwmaMs * (offer.inFlight + 1);
}

/**
 * The first hard filter the offer fails, cheap ones first; UNSPECIFIED when it passes all.
 * @param nowMs epoch ms
 */
export function filterOffer(offer: Offer, query: PreparedQuery, nowMs: number): njordr.RoutingFilter {
  if (!offer.available) return Filter.UNAVAILABLE;
  if (query.only !== undefined && !query.only.has(offer.providerId)) return Filter.PREFERENCE;
  if (query.ignored?.has(offer.providerId) === true) return Filter.PREFERENCE;
  if (!isShared(offer, query)) return Filter.NETWORK;
  if (!offer.payoutVerified) return Filter.PAYOUT_METHOD;
  if (offer.coolingUntil > nowMs) return Filter.COOLDOWN;
  if (offer.limitedUntil > nowMs) return Filter.OWNER_LIMIT;
  if (offer.inFlight >= offer.capacity) return Filter.CAPACITY;
  if (offer.quality.lowerBound < query.minQuality) return Filter.QUALITY;
  if (query.maxLatencyMs > 0 && expectedLatencyMs(offer) > query.maxLatencyMs) return Filter.LATENCY;
  if (outputRoom(offer, query.inputTokens) < (query.maxOutputTokens ?? 1n)) return Filter.CONTEXT_LENGTH;
  if (!isAffordable(query, offer.price)) return Filter.MAX_COST;
  return Filter.UNSPECIFIED;
}

function isShared(offer: Offer, query: PreparedQuery): boolean {
  if (offer.networkId === query.networkId) return true;
  // Whom a requester trusts is not configurable yet: "trusted only" means the own network.
  if (query.ownNetworkOnly || query.trustedOnly) return false;
  return isOffered(offer, query.networkId);
}
