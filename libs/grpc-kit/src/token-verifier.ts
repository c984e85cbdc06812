import { commonFaults, Fault } from '@edda/faults';
import { type Clock, systemClock } from '@edda/telemetry';
import { errors, jwtVerify, type JWTPayload } from 'jose';
import { type Identity, type Role, roles } from './identity.ts';
import { createFileKeySource, createUrlKeySource, type Keys, type KeySource } from './key-source.ts';
import { createExpiringCache } from './token-cache.ts';

export interface TokenVerifierOptions {
  /** A JWKS file or URL; exactly one of the two. */
  jwksFile?: string;
  jwksUrl?: string;
  issuer: string;
  /** When set, the token's `aud` must contain it. */
  audience?: string;
  clock?: Clock;
  /** Verified tokens remembered until they expire; 10,000 by default (about 10 MB). */
  maxCachedTokens?: number;
}

/** Turns bearer tokens into identities. */
export interface TokenVerifier {
  /** @throws TOKEN_INVALID, TOKEN_EXPIRED; DEPENDENCY_UNAVAILABLE when the keys cannot be had */
  verify(token: string): Promise<Identity>;
  /** The identity of a token that was verified before, where that is known without waiting. */
  peek?(token: string): Identity | undefined;
}

/** Longer than any token we mint by a factor of ten; hashing megabytes for strangers is not our job. */
const maxTokenLength = 8_192;

/** Verifies EdDSA and RS256 tokens; claims `sub`, `network_id`, `roles`, `exp` (with no clock leeway). */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const clock = options.clock ?? systemClock;
  const keys = keySourceOf(options);
  const cache = createExpiringCache<Identity>(options.maxCachedTokens ?? 10_000);
  let cachedGeneration = 0;
  const cached = (token: string, { generation }: Keys, now: Date) => {
    if (generation !== cachedGeneration) {
      cache.clear();
      cachedGeneration = generation;
    }
    return cache.get(token, now.getTime());
  };
  const peek = (token: string) => {
    const current = keys.peek();
    return current && cached(token, current, clock.now());
  };
  return {
    peek,
    async verify(token) {
      const current = keys.peek() ?? (await keys.current());
      const now = clock.now();
      const known = cached(token, current, now);
      if (known !== undefined) return known;
      if (token.length > maxTokenLength) throw commonFaults.TOKEN_INVALID('The token is too long.');
      try {
        const { payload } = await jwtVerify(token, current.getKey, {
          issuer: options.issuer,
          algorithms: ['EdDSA', 'RS256'],
          requiredClaims: ['exp', 'sub'],
          currentDate: now,
          ...(options.audience !== undefined && { audience: options.audience }),
        });
        const identity = identityOf(payload);
        cache.set(token, identity, (payload.exp ?? 0) * 1_000);
        return identity;
      } catch (error) {
        throw tokenFault(error);
      }
    },
  };
}

function keySourceOf({ jwksFile, jwksUrl }: TokenVerifierOptions): KeySource {
  if (jwksFile !== undefined && jwksUrl === undefined) return createFileKeySource(jwksFile);
  if (jwksUrl !== undefined && jwksFile === undefined) return createUrlKeySource(jwksUrl);
  throw new TypeError('give exactly one of jwksFile and jwksUrl');
}

function identityOf(payload: JWTPayload): Identity {
  const { sub, exp, network_id: networkId, roles: claimed } = payload;
  const known = Array.isArray(claimed) ? roles.filter((role: Role) => claimed.includes(role)) : [];
  if (sub === undefined || sub === '' || typeof networkId !== 'string' || networkId === '' || known.length === 0) {
    throw commonFaults.TOKEN_INVALID('The token lacks one of the claims sub, network_id and roles.');
  }
  return { subject: sub, networkId, roles: new Set(known), expiresAt: new Date((exp ?? 0) * 1_000) };
}

function tokenFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  if (error instanceof errors.JWTExpired) return commonFaults.TOKEN_EXPIRED('The token has expired.');
  if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError) || isFetchFailure(error)) {
    return commonFaults.DEPENDENCY_UNAVAILABLE('The keys that verify tokens cannot be had.', { cause: error });
  }
  return commonFaults.TOKEN_INVALID('The token is malformed, wrongly signed or from an unknown issuer.', {
    cause: error,
  });
}

/** jose reports an answer other than 200 with JWKS as its base class. */
function isFetchFailure(error: Error): boolean {
  return error.constructor === errors.JOSEError;
}
