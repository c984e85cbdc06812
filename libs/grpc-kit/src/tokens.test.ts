import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair } from 'jose';
import { describe, expect, it } from 'vitest';
import { createTokenMinter, generateSigningKeys } from './token-minter.ts';
import { createTokenVerifier } from './token-verifier.ts';

const claims = { subject: 'u', networkId: 'n', roles: ['user'] as const, ttlSeconds: 100 };

async function serveKeys(keys: object): Promise<{ url: string; hits: () => number; close: () => void }> {
  let hits = 0;
  const server = createServer((_request, response) => {
    hits += 1;
    response.setHeader('content-type', 'application/json').end(JSON.stringify(keys));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/jwks`, hits: () => hits, close: () => server.close() };
}

describe('verifier with a JWKS URL', () => {
  it('accepts RS256 and EdDSA, fetches once, and minds the audience', async () => {
    const rsa = await generateKeyPair('RS256', { extractable: true });
    const ed = await generateSigningKeys();
    const rsaPublic = { ...(await exportJWK(rsa.publicKey)), kid: 'rsa', alg: 'RS256' };
    const served = await serveKeys({ keys: [rsaPublic, ...ed.jwks.keys] });
    const rsaPrivate = { ...(await exportJWK(rsa.privateKey)), kid: 'rsa', alg: 'RS256' };
    const verifier = createTokenVerifier({ jwksUrl: served.url, issuer: 'i', audience: 'edda' });
    for (const privateJwk of [rsaPrivate, ed.privateJwk]) {
      const minter = createTokenMinter({ privateJwk, issuer: 'i' });
      const token = await minter.mint({ ...claims, audience: 'edda' });
      await expect(verifier.verify(token)).resolves.toMatchObject({ subject: 'u', networkId: 'n' });
      await expect(verifier.verify(await minter.mint(claims))).rejects.toMatchObject({ reason: 'TOKEN_INVALID' });
    }
    expect(served.hits()).toBe(1);
    served.close();
  });

  it('is UNAVAILABLE while the URL does not answer', async () => {
    const { privateJwk } = await generateSigningKeys();
    const token = await createTokenMinter({ privateJwk, issuer: 'i' }).mint(claims);
    const verifier = createTokenVerifier({ jwksUrl: 'http://127.0.0.1:1/jwks', issuer: 'i' });
    await expect(verifier.verify(token)).rejects.toMatchObject({ reason: 'DEPENDENCY_UNAVAILABLE' });
  });

  it('refuses a token without network or known role, and one of another issuer', async () => {
    const { privateJwk, jwks } = await generateSigningKeys();
    const served = await serveKeys(jwks);
    const verifier = createTokenVerifier({ jwksUrl: served.url, issuer: 'i' });
    const minter = createTokenMinter({ privateJwk, issuer: 'i' });
    const stranger = createTokenMinter({ privateJwk, issuer: 'other' });
    const bad = [
      minter.mint({ ...claims, networkId: '' }),
      minter.mint({ ...claims, roles: [] }),
      stranger.mint(claims),
    ];
    for (const token of bad) {
      await expect(verifier.verify(await token)).rejects.toMatchObject({ reason: 'TOKEN_INVALID' });
    }
    served.close();
  });
});

describe('minter.provider', () => {
  it('reuses a token until a fifth of its lifetime is left', async () => {
    const { privateJwk } = await generateSigningKeys();
    let now = 1_800_000_000_000;
    const provide = createTokenMinter({ privateJwk, issuer: 'i', clock: { now: () => new Date(now) } }).provider(
      claims,
    );
    const first = await provide();
    now += 79_000;
    expect(await provide()).toBe(first);
    now += 1_000;
    expect(await provide()).not.toBe(first);
  });
});
