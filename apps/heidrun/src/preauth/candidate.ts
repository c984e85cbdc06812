import { type heidrun } from '@edda/contracts';
import { type Price } from '@edda/money';
import { type StoredPrice } from '../pricing/stored-price.ts';

/** A provider that may serve the request, with its price and owner as they were when the money was held. */
export interface Candidate {
  providerId: string;
  ownerId: string;
  networkId: string;
  price: Price;
  priceVersion: bigint;
  /** What the request costs at most with this provider, cents. */
  estimatedCents: bigint;
}

/** As the database keeps it: integers as text, because JSON numbers lose digits beyond 2^53. */
export interface CandidateJson {
  provider_id: string;
  owner_id: string;
  network_id: string;
  price_cents: string;
  output_price_cents?: string;
  unit_tokens: string;
  price_version: string;
  estimated_cents: string;
}

export function pin(stored: StoredPrice, estimatedCents: bigint): Candidate {
  const { providerId, ownerId, networkId, price, version } = stored;
  return { providerId, ownerId, networkId, price, priceVersion: version, estimatedCents };
}

export function candidateToJson(candidate: Candidate): CandidateJson {
  const { price } = candidate;
  return {
    provider_id: candidate.providerId,
    owner_id: candidate.ownerId,
    network_id: candidate.networkId,
    price_cents: String(price.priceCents),
    ...(price.outputPriceCents !== undefined && { output_price_cents: String(price.outputPriceCents) }),
    unit_tokens: String(price.unitTokens),
    price_version: String(candidate.priceVersion),
    estimated_cents: String(candidate.estimatedCents),
  };
}

export function candidateFromJson(json: CandidateJson): Candidate {
  return {
    providerId: json.provider_id,
    ownerId: json.owner_id,
    networkId: json.network_id,
    price: {
      priceCents: BigInt(json.price_cents),
      unitTokens: BigInt(json.unit_tokens),
      ...(json.output_price_cents !== undefined && { outputPriceCents: BigInt(json.output_price_cents) }),
    },
    priceVersion: BigInt(json.price_version),
    estimatedCents: BigInt(json.estimated_cents),
  };
}

export function toPinnedPrice({ providerId, price, priceVersion, estimatedCents }: Candidate): heidrun.PinnedPrice {
  return {
    providerId,
    priceCents: price.priceCents,
    outputPriceCents: price.outputPriceCents,
    priceUnitTokens: price.unitTokens,
    priceVersion,
    estimatedCostCents: estimatedCents,
  };
}
