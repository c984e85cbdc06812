import { type Cooldown, coolingUntil, noCooldown } from './cooldown.ts';
import { type Listing, type ListedModel } from './listing.ts';
import { createOwnerUsage, type OwnerUsage } from './owner-limits.ts';
import { type Offer, type QualityFigures } from './provider-directory.ts';
import { type Uptime } from './uptime.ts';

/** What all offers of one provider share. */
export interface ProviderLoad {
  listing: Listing;
  /** Slots taken by this replica. */
  inFlight: number;
  /** Slots taken by others. */
  jobsElsewhere: number;
  usage: OwnerUsage;
  /** Until when its owner's limits allow no further job, epoch ms; 0 when they do. */
  limitedUntil: number;
  cooldown: Cooldown;
  uptime: Uptime;
  connected: boolean;
  draining: boolean;
  /** Models the connected agent serves now; undefined while it has not said. */
  served: ReadonlySet<string> | undefined;
  /** Parallel jobs the connected agent takes. */
  agentCapacity: number;
  withinHours: boolean;
}

export function createLoad(listing: Listing, now: number): ProviderLoad {
  return {
    listing,
    inFlight: 0,
    jobsElsewhere: 0,
    usage: createOwnerUsage(),
    limitedUntil: 0,
    cooldown: noCooldown(),
    uptime: { share: 1, at: now },
    connected: false,
    draining: false,
    served: undefined,
    agentCapacity: Infinity,
    withinHours: true,
  };
}

/** Observations routing starts from, before Eikthyrnir has said anything: its prior of neutral observations. */
const neutralQuality: QualityFigures = { mean: 0.5, lowerBound: 0.5, effectiveCount: 0 };

/** An offer over its provider's shared load; a class because routing reads a hundred thousand of them. */
export class OfferEntry implements Offer {
  ttftEwmaMs = 0;
  ttftAt = 0;
  lastChosenAt = 0;
  /** Relative to the directory's decay landmark. */
  servedRaw = 0;
  quality = neutralQuality;
  readonly load: ProviderLoad;
  readonly #scale: { factor: number };
  listed: ListedModel;

  constructor(load: ProviderLoad, listed: ListedModel, scale: { factor: number }) {
    this.load = load;
    this.listed = listed;
    this.#scale = scale;
    this.ttftEwmaMs = listed.initialTtftMs;
  }

  get providerId(): string {
    return this.load.listing.providerId;
  }
  get ownerId(): string {
    return this.load.listing.ownerId;
  }
  get networkId(): string {
    return this.load.listing.networkId;
  }
  get sharing(): Offer['sharing'] {
    return this.load.listing.sharing;
  }
  get trustedNetworkIds(): ReadonlySet<string> {
    return this.load.listing.trustedNetworkIds;
  }
  get model(): string {
    return this.listed.model;
  }
  get contextLength(): bigint {
    return this.listed.contextLength;
  }
  get maxOutputTokens(): bigint {
    return this.listed.maxOutputTokens;
  }
  get maxInputTokens(): bigint {
    return this.load.listing.maxInputTokens;
  }
  get continues(): boolean {
    return this.listed.continues;
  }
  get price(): Offer['price'] {
    return this.listed.price;
  }
  get priceVersion(): bigint {
    return this.listed.priceVersion;
  }
  get capacity(): number {
    return Math.min(this.load.listing.capacity, this.load.agentCapacity);
  }
  get inFlight(): number {
    return this.load.inFlight + this.load.jobsElsewhere;
  }
  get available(): boolean {
    const { connected, draining, served, withinHours, listing } = this.load;
    return connected && !draining && withinHours && listing.accepting && (served?.has(this.listed.model) ?? true);
  }
  get payoutVerified(): boolean {
    return this.load.listing.payoutVerified;
  }
  get uptime(): number {
    return this.load.uptime.share;
  }
  get served(): number {
    return this.servedRaw * this.#scale.factor;
  }
  get limitedUntil(): number {
    return this.load.limitedUntil;
  }
  get coolingUntil(): number {
    return coolingUntil(this.load.cooldown);
  }
}
