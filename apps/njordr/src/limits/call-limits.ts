import { createHash } from 'node:crypto';
import { commonFaults, type Fault } from '@edda/faults';
import { type Identity } from '@edda/grpc-kit';
import { type RateDecision, type RateLimits } from '@edda/redis-kit';
import { type LimitSettings } from './limit-settings.ts';

/** How often one caller may call. */
export interface CallLimits {
  /** Counts one call: of the user, or of the address where nobody is named. Undefined for those without a limit. */
  take(caller: Identity, address: string): Promise<RateDecision> | undefined;
  /** The same. @throws RATE_LIMITED with the time after which to come again */
  admit(caller: Identity, address: string): Promise<void> | undefined;
}

const MINUTE_MS = 60_000;
const LONGEST_KEY = 256;

export function createCallLimits(deps: { limits: RateLimits; settings: () => LimitSettings }): CallLimits {
  const { limits, settings } = deps;

  function take(caller: Identity, address: string): Promise<RateDecision> | undefined {
    const { perUserPerMinute, perAddressPerMinute } = settings();
    if (caller.subject === '') {
      return limits.take(keyOf('address', address), { max: perAddressPerMinute, windowMs: MINUTE_MS });
    }
    // A service that acts for a user is counted as that user; for itself it is part of the market.
    if (caller.roles.has('service')) return undefined;
    return limits.take(keyOf('user', JSON.stringify([caller.networkId, caller.subject])), {
      max: perUserPerMinute,
      windowMs: MINUTE_MS,
    });
  }
  return {
    take,
    admit: (caller, address) =>
      take(caller, address)?.then((decision) => {
        if (!decision.allowed) throw rateLimited(decision);
      }),
  };
}

export function rateLimited({ limit, retryAfterMs }: RateDecision): Fault {
  return commonFaults.RATE_LIMITED(`At most ${limit} calls a minute.`, {
    retryAfterMs,
    metadata: { limit_per_minute: String(limit) },
  });
}

/** The RateLimit headers of an answer; times in whole seconds. */
export function limitHeaders({ limit, remaining, resetMs }: RateDecision): Record<string, string> {
  return {
    'ratelimit-limit': String(limit),
    'ratelimit-remaining': String(remaining),
    'ratelimit-reset': String(Math.ceil(resetMs / 1_000)),
  };
}

/** Names come from tokens and may be long. */
function keyOf(kind: string, name: string): string {
  return `${kind}:${name.length <= LONGEST_KEY ? name : createHash('sha256').update(name).digest('base64')}`;
}
