import { readFile } from 'node:fs/promises';
import { type Clock, systemClock } from '@edda/telemetry';
import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JSONWebKeySet,
  type JWK,
  SignJWT,
} from 'jose';
import { type Role } from './identity.ts';

export interface TokenClaims {
  subject: string;
  networkId: string;
  roles: readonly Role[];
  /** Lifetime in seconds, at least 1. */
  ttlSeconds: number;
  audience?: string;
}

export interface TokenMinter {
  mint(claims: TokenClaims): Promise<string>;
  /** A token source for clients: mints once and again when a fifth of the lifetime is left. */
  provider(claims: TokenClaims): () => Promise<string>;
}

export interface TokenMinterOptions {
  /** The signing key as JWK, or a file with it; exactly one of the two. */
  privateJwk?: JWK;
  privateJwkFile?: string;
  issuer: string;
  clock?: Clock;
}

/** A fresh Ed25519 key pair: the private JWK to sign with and the JWKS to verify with. */
export async function generateSigningKeys(): Promise<{ privateJwk: JWK; jwks: JSONWebKeySet }> {
  const pair = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const publicJwk = await exportJWK(pair.publicKey);
  const naming = { kid: await calculateJwkThumbprint(publicJwk), alg: 'EdDSA', use: 'sig' };
  return {
    privateJwk: { ...(await exportJWK(pair.privateKey)), ...naming },
    jwks: { keys: [{ ...publicJwk, ...naming }] },
  };
}

/** Signs tokens for this deployment's own services, the command line and tests. The key is read at first use. */
export function createTokenMinter(options: TokenMinterOptions): TokenMinter {
  const clock = options.clock ?? systemClock;
  let signing: ReturnType<typeof loadKey> | undefined;
  const mint = async (claims: TokenClaims) => {
    const { key, header } = await (signing ??= loadKey(options));
    const issuedAt = Math.floor(clock.now().getTime() / 1_000);
    const jwt = new SignJWT({ network_id: claims.networkId, roles: [...claims.roles] })
      .setProtectedHeader(header)
      .setIssuer(options.issuer)
      .setSubject(claims.subject)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + claims.ttlSeconds);
    if (claims.audience !== undefined) jwt.setAudience(claims.audience);
    return jwt.sign(key);
  };
  return { mint, provider: (claims) => cachedProvider(() => mint(claims), claims.ttlSeconds * 800, clock) };
}

function cachedProvider(mint: () => Promise<string>, reuseMs: number, clock: Clock): () => Promise<string> {
  let current: { token: Promise<string>; until: number } | undefined;
  return () => {
    const now = clock.now().getTime();
    if (current !== undefined && now < current.until) return current.token;
    const fresh = { token: mint(), until: now + reuseMs };
    current = fresh;
    fresh.token.catch(() => {
      if (current === fresh) current = undefined;
    });
    return fresh.token;
  };
}

async function loadKey({ privateJwk, privateJwkFile }: TokenMinterOptions) {
  if ((privateJwk === undefined) === (privateJwkFile === undefined)) {
    throw new TypeError('give exactly one of privateJwk and privateJwkFile');
  }
  const jwk = privateJwk ?? (JSON.parse(await readFile(privateJwkFile ?? '', 'utf8')) as JWK);
  const alg = jwk.alg ?? (jwk.kty === 'RSA' ? 'RS256' : 'EdDSA');
  const kid = jwk.kid ?? (await calculateJwkThumbprint(jwk));
  return { key: await importJWK(jwk, alg), header: { alg, kid } };
}
