import { createHash, randomUUID } from 'node:crypto';
import { type Identity } from '@edda/grpc-kit';
import { type SharedCache } from '@edda/redis-kit';
import { type Clock } from '@edda/telemetry';

/** How long after its first attempt a retry is taken for one, ms. */
const windowMs = 120_000;
/** First attempts remembered; about 200 bytes each. */
const maxRemembered = 20_000;

export interface RetryKeys {
  /**
   * The idempotency key for a request that brought none; '' for a client that does not count its attempts.
   * @param attempt what `x-stainless-retry-count` says: 0 for a first attempt, undefined for other clients
   */
  keyFor(caller: Identity, method: string, body: unknown, attempt: number | undefined): Promise<string>;
}

/**
 * OpenAI's SDKs repeat a request by themselves when a connection breaks, without a key, but count the attempts in a
 * header. A first attempt gets a random key, remembered under its caller, method and content; a retry of the same
 * content within two minutes gets that key again and so is never billed twice. The same content sent anew is a
 * request of its own. Shared between replicas, and remembered here too: while Redis is away only a retry that reaches
 * another replica is a new request.
 */
export function createRetryKeys({ clock, cache }: { clock: Clock; cache: SharedCache }): RetryKeys {
  const remembered = new Map<string, { key: string; until: number }>();
  function remember(content: string, key: string, now: number): void {
    // Taken out and put in again, so that the map stays in order of age.
    remembered.delete(content);
    remembered.set(content, { key, until: now + windowMs });
    forgetOld(remembered, now);
  }
  return {
    async keyFor(caller, method, body, attempt) {
      if (attempt === undefined) return '';
      const fresh = `sdk:${randomUUID()}`;
      const now = clock.now().getTime();
      const content = fingerprint(caller, method, body);
      const known = remembered.get(content);
      if (attempt > 0 && known !== undefined && known.until > now) return known.key;
      const name = `retry-key:${content}`;
      // A first attempt replaces what an earlier request with the same content left; of retries the first one decides.
      if (attempt === 0) void cache.set(name, fresh, windowMs);
      const key = attempt === 0 ? fresh : ((await cache.setIfAbsent(name, fresh, windowMs)) ?? fresh);
      remember(content, key, now);
      return key;
    },
  };
}

function forgetOld(remembered: Map<string, { until: number }>, now: number): void {
  for (const [content, { until }] of remembered) {
    if (until > now && remembered.size <= maxRemembered) return;
    remembered.delete(content);
  }
}

/** Hashed with lengths in between, so that no two different requests run together. */
function fingerprint({ networkId, subject }: Identity, method: string, body: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify([networkId, subject, method, body]))
    .digest('base64');
}
