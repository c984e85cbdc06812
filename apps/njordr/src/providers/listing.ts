import { type njordr } from '@edda/contracts';
import { type Price } from '@edda/money';
import { type OwnerLimits } from './owner-limits.ts';
import { type SharingScope } from './provider-directory.ts';
import { priceOf, type ProviderRow } from './provider-row.ts';

export interface ListedModel {
  model: string;
  contextLength: bigint;
  maxOutputTokens: bigint;
  continues: boolean;
  price: Price;
  priceVersion: bigint;
  /** What the connection test measured; 0 when there was none. */
  initialTtftMs: number;
}

/** What the directory holds of a listed provider. */
export interface Listing {
  providerId: string;
  ownerId: string;
  networkId: string;
  sharing: SharingScope;
  trustedNetworkIds: ReadonlySet<string>;
  models: readonly ListedModel[];
  capacity: number;
  maxInputTokens: bigint;
  limits: OwnerLimits;
  /** The owner lets it take work. */
  accepting: boolean;
  hours: njordr.AvailabilitySettings | undefined;
  payoutVerified: boolean;
}

/** A row as routing sees it; undefined unless it is ACTIVE. Models without a confirmed price are left out. */
export function toListing(row: ProviderRow): Listing | undefined {
  if (row.status !== 'ACTIVE') return undefined;
  const { configuration } = row;
  return {
    providerId: row.providerId,
    ownerId: row.ownerId,
    networkId: row.networkId,
    sharing: row.sharing,
    trustedNetworkIds: new Set(row.sharing === 'trusted' ? row.trustedNetworkIds : []),
    models: configuration.models.flatMap((offer) => toListedModel(row, offer)),
    capacity: configuration.capacity?.maxParallelRequests ?? 1,
    maxInputTokens: configuration.quality?.maxInputTokens ?? 0n,
    limits: {
      requestsPerMinute: configuration.capacity?.maxRequestsPerMinute ?? 0,
      tokensPerDay: configuration.capacity?.maxTokensPerDay ?? 0n,
    },
    accepting: !row.paused && (configuration.availability?.accepting ?? true),
    hours: configuration.availability,
    payoutVerified: row.payoutVerified,
  };
}

function toListedModel(row: ProviderRow, offer: njordr.ModelOffer): ListedModel[] {
  const price = priceOf(row, offer.model);
  if (price === undefined) return [];
  const { priceCents, outputPriceCents, unitTokens, priceVersion } = price;
  return [
    {
      model: offer.model,
      contextLength: offer.contextLength,
      maxOutputTokens: offer.maxOutputTokens,
      continues: offer.continues && offer.continuationVerified,
      price: { priceCents, unitTokens, ...(outputPriceCents !== undefined && { outputPriceCents }) },
      priceVersion,
      initialTtftMs: row.testPassed === true ? (row.testTtftMs ?? 0) : 0,
    },
  ];
}
