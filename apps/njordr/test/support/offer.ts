import { type Offer } from '../../src/providers/provider-directory.ts';

/** A listed offer that passes every filter, with changes. */
export function offer(changes: Partial<Offer> = {}): Offer {
  return {
    providerId: 'p1',
    ownerId: 'owner-1',
    networkId: 'net-1',
    sharing: 'public',
    trustedNetworkIds: new Set(),
    model: 'm',
    contextLength: 8_192n,
    maxOutputTokens: 0n,
    maxInputTokens: 0n,
    continues: false,
    price: { priceCents: 10n, unitTokens: 1_000n },
    priceVersion: 1n,
    capacity: 4,
    inFlight: 0,
    available: true,
    payoutVerified: true,
    uptime: 1,
    ttftEwmaMs: 100,
    lastChosenAt: 0,
    served: 0,
    quality: { mean: 0.8, lowerBound: 0.7, effectiveCount: 20 },
    coolingUntil: 0,
    limitedUntil: 0,
    ...changes,
  };
}
