import { type Price } from '@edda/money';

export type SharingScope = 'own-network' | 'trusted' | 'public';

export interface QualityFigures {
  /** 0 to 1. */
  mean: number;
  /** Lower confidence bound of response quality × reliability, 0 to 1. */
  lowerBound: number;
  /** Observations behind it, after decay. */
  effectiveCount: number;
}

/**
 * One listed provider × model as routing sees it. Live: fields change under the reader between turns of the event
 * loop, never within one. Do not keep one across an await where its figures matter.
 */
export interface Offer {
  readonly providerId: string;
  readonly ownerId: string;
  readonly networkId: string;
  readonly sharing: SharingScope;
  readonly trustedNetworkIds: ReadonlySet<string>;
  readonly model: string;
  /** Tokens of prompt and answer together. */
  readonly contextLength: bigint;
  /** Most output tokens of one answer; 0n: whatever the context leaves. */
  readonly maxOutputTokens: bigint;
  /** Most input tokens the owner allows; 0n: whatever the context allows. */
  readonly maxInputTokens: bigint;
  /** Declared by the owner and confirmed by a probe. */
  readonly continues: boolean;
  readonly price: Price;
  readonly priceVersion: bigint;
  /** Jobs at once. */
  readonly capacity: number;
  readonly inFlight: number;
  /** Listed, connected, not draining, not paused, within its hours. Being full is `inFlight >= capacity`. */
  readonly available: boolean;
  readonly payoutVerified: boolean;
  /** Share of time connected while listed, decaying, 0 to 1. */
  readonly uptime: number;
  /** Peak-sensitive moving average of time to first token, ms; 0 while nothing was measured. */
  readonly ttftEwmaMs: number;
  /** Epoch ms; 0 for never. */
  readonly lastChosenAt: number;
  /** Jobs served, decaying; as of the last call of `offers`. */
  readonly served: number;
  readonly quality: QualityFigures;
  /**
   * Epoch ms until which the provider gets no jobs; 0 when there was no fault. Infinity while the one trial job after
   * a cooldown runs, so `coolingUntil > now` is the whole filter.
   */
  readonly coolingUntil: number;
  /** Epoch ms until which its owner's limits per minute and day allow no further job; 0 when they do. */
  readonly limitedUntil: number;
}

/** In-memory directory of the listed providers; the one thing routing reads. */
export interface ProviderDirectory {
  /** Every listed offer of a model, available or not (so that filters can be counted); a plain array to scan. */
  offers(model: string): readonly Offer[];
  /** Names of all models with at least one listed offer. */
  models(): string[];
  offer(providerId: string, model: string): Offer | undefined;
  /** Takes one slot and notes the choice. @returns false when full, unavailable, cooling or at a limit: choose another */
  reserve(providerId: string, model: string): boolean;
  /** Gives the slot back; call exactly once per successful reserve. */
  release(providerId: string, model: string): void;
  /** Time to first token, ms. */
  noteTtft(providerId: string, model: string, ttftMs: number): void;
  /** A job ended well: counts as served and ends a cooldown's history. */
  noteServed(providerId: string, model: string): void;
  /** A fault of the provider: cools it down 5 s × 2^n, capped. @returns until when, epoch ms */
  noteFault(providerId: string, model: string): number;
  setQuality(providerId: string, model: string, figures: QualityFigures): void;
  /** Jobs of a provider running now. */
  inFlight(providerId: string): number;
  /** Called when a model gains its first or loses its last offer, or any offer changes price. @returns stops it */
  onChange(listener: () => void): () => void;
}
