/**
 * What replicas of a service share for speed. It is never the system of record: every operation has an answer while
 * Redis is away (a miss, this process's own count, a message that others learn later), and none of them rejects for it.
 */
export interface RedisKit {
  /** Whether other replicas can share it: true with Redis, false for the twin of a single process. */
  readonly shared: boolean;
  /** Whether it reaches the other replicas now; always true for the twin. */
  readonly up: boolean;
  readonly cache: SharedCache;
  readonly bus: Bus;
  readonly limits: RateLimits;
  /** Hears each loss (false) and each return (true). @returns stops it */
  onChange(listener: (up: boolean) => void): () => void;
  close(): Promise<void>;
}

/** Values that may be lost at any time. Keys up to 512 characters, values up to 64 KiB. */
export interface SharedCache {
  /** The value, or undefined: never set, expired, evicted, or out of reach. */
  get(key: string): Promise<string | undefined>;
  /** @param ttlMs how long it may be served, 1 ms and up */
  set(key: string, value: string, ttlMs: number): Promise<void>;
  /**
   * Sets it unless it is set already; of many callers at once one wins.
   * @returns what is stored now: the own value or the earlier one; undefined when out of reach
   */
  setIfAbsent(key: string, value: string, ttlMs: number): Promise<string | undefined>;
  delete(key: string): Promise<void>;
}

/** What a subscriber of a topic hears. */
export interface Subscriber {
  onMessage(message: string): void;
  /**
   * From now on messages arrive, but earlier ones may have been missed: read everything anew. Called when the
   * subscription begins, and after every loss.
   */
  onSync(): void;
}

/** Messages between the replicas of one service; at most once, in order from each sender. */
export interface Bus {
  /**
   * To the subscribers in other replicas, never to the sender's own. Topics up to 128 characters, messages up to
   * 256 KiB.
   * @returns false when it could not be sent: the others learn it at their next reading
   */
  publish(topic: string, message: string): Promise<boolean>;
  /** @returns ends the subscription */
  subscribe(topic: string, subscriber: Subscriber): () => void;
}

/** A token bucket: full at first, refilled evenly over the window. */
export interface RateLimit {
  /** Most that can be taken at once, 1 and up. */
  max: number;
  /** Time in which an empty bucket fills, ms. */
  windowMs: number;
}

export interface RateDecision {
  allowed: boolean;
  limit: number;
  /** What can be taken at once from now, whole. */
  remaining: number;
  /** When as much could be taken, ms from now; 0 when allowed. */
  retryAfterMs: number;
  /** When the bucket is full again if nothing more is taken, ms from now. */
  resetMs: number;
}

export interface RateLimits {
  /**
   * Takes `cost` (1) from the bucket of this key, over all replicas; a refusal takes nothing. While Redis is away each
   * replica counts for itself. A cost above the limit's maximum is refused for a whole window.
   */
  take(key: string, limit: RateLimit, cost?: number): Promise<RateDecision>;
}
