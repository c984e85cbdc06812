import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  assertRulesComplete,
  createGrpcClient,
  createTokenMinter,
  createTokenVerifier,
  generateSigningKeys,
  type Identity,
  implement,
} from '../src/index.ts';
import { EchoService, echoPath } from './echo-definition.ts';
import { directory, issuer, jwks, openRules, privateJwk, start, tokenFor } from './fixture.ts';

const echo = { echo: async (request: { text: string }) => request };
const hello = { text: 'hi' };

describe('who may call', () => {
  it('answers TOKEN_MISSING without a token', async () => {
    const { address, log } = await start(echo);
    const client = createGrpcClient(EchoService, { address, logger: log.logger });
    await expect(client.echo(hello)).rejects.toMatchObject({ kind: 'unauthenticated', reason: 'TOKEN_MISSING' });
    client.close();
  });

  it('answers TOKEN_INVALID for garbage and for a token signed by somebody else', async () => {
    const { client } = await start(echo);
    const stranger = createTokenMinter({ privateJwk: (await generateSigningKeys()).privateJwk, issuer });
    const forged = await stranger.mint({ subject: 'x', networkId: 'n', roles: ['admin'], ttlSeconds: 60 });
    for (const token of ['garbage', 'a.b.c', forged]) {
      await expect(client({ token: async () => token }).echo(hello)).rejects.toMatchObject({ reason: 'TOKEN_INVALID' });
    }
  });

  it('answers TOKEN_EXPIRED for a token whose time is over', async () => {
    const { client } = await start(echo);
    const past = createTokenMinter({
      privateJwk,
      issuer,
      clock: { now: () => new Date(Date.now() - 120_000) },
    });
    const token = await past.mint({ subject: 'u', networkId: 'n', roles: ['user'], ttlSeconds: 60 });
    await expect(client({ token: async () => token }).echo(hello)).rejects.toMatchObject({ reason: 'TOKEN_EXPIRED' });
  });

  it('answers ROLE_FORBIDDEN for a wrong role, a wrong subject and a method without a row', async () => {
    const { client } = await start(echo, { rule: { echo: { roles: ['service'], subjects: ['njordr'] } } });
    const as = (token: Promise<string>) => client({ token: () => token }).echo(hello);
    await expect(as(tokenFor('user'))).rejects.toMatchObject({ kind: 'forbidden', reason: 'ROLE_FORBIDDEN' });
    await expect(as(tokenFor('service', 'nornen'))).rejects.toMatchObject({ reason: 'ROLE_FORBIDDEN' });
    await expect(as(tokenFor('service', 'njordr'))).resolves.toEqual(hello);
    const closed = await start(echo, { rules: {} });
    await expect(closed.client().echo(hello)).rejects.toMatchObject({ reason: 'ROLE_FORBIDDEN' });
  });

  it('lets anybody call a public method', async () => {
    const { address, log } = await start(echo, { rule: { echo: { roles: [], public: true } } });
    const client = createGrpcClient(EchoService, { address, logger: log.logger });
    await expect(client.echo(hello)).resolves.toEqual(hello);
    client.close();
  });
});

describe('edda-act-as', () => {
  const seen: Identity[] = [];
  const recording = {
    echo: async (request: { text: string }, ctx: { identity: Identity }) => {
      seen.push(ctx.identity);
      return request;
    },
  };

  it('domain.md, identity and tenancy: a service acts for a user, with the user’s roles, and stays visible', async () => {
    const { client, log } = await start(recording, { rule: { echo: { roles: ['user'] } } });
    const service = client({ token: () => tokenFor('service', 'yggdrasil') });
    await service.echo(hello, { actAs: { subject: 'Jörg;=%', networkId: 'net ü' } });
    expect(seen.at(-1)).toMatchObject({ subject: 'Jörg;=%', networkId: 'net ü', actor: { subject: 'yggdrasil' } });
    expect([...(seen.at(-1)?.roles ?? [])]).toEqual(['user', 'provider']);
    expect(log.records.find((line) => line.msg === 'call')).toMatchObject({
      caller: 'yggdrasil',
      acting_for: 'Jörg;=%',
    });
    await expect(service.echo(hello)).rejects.toMatchObject({ reason: 'ROLE_FORBIDDEN' });
  });

  it('is refused for users', async () => {
    const { client } = await start(recording);
    const call = client().echo(hello, { actAs: { subject: 'victim', networkId: 'net-1' } });
    await expect(call).rejects.toMatchObject({ reason: 'ROLE_FORBIDDEN' });
  });
});

describe('key file', () => {
  it('is read again when it changes, and forgets tokens of keys that are gone', async () => {
    const file = join(directory, 'rotating.json');
    writeFileSync(file, JSON.stringify(jwks));
    const verifier = createTokenVerifier({ jwksFile: file, issuer });
    const token = await tokenFor('user');
    await expect(verifier.verify(token)).resolves.toMatchObject({ subject: 'user-1', networkId: 'net-1' });
    writeFileSync(file, JSON.stringify({ keys: [] }));
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await expect(verifier.verify(token)).rejects.toMatchObject({ reason: 'TOKEN_INVALID' });
  });

  it('is UNAVAILABLE, not a verdict on the token, while it cannot be read', async () => {
    const verifier = createTokenVerifier({ jwksFile: join(directory, 'missing.json'), issuer });
    await expect(verifier.verify('x.y.z')).rejects.toMatchObject({ reason: 'DEPENDENCY_UNAVAILABLE' });
  });
});

describe('assertRulesComplete', () => {
  const services = [implement(EchoService, echo)];

  it('passes a full table and names what is missing, unknown or impassable', () => {
    expect(() => assertRulesComplete(services, openRules)).not.toThrow();
    const { [echoPath('chat')]: _chat, ...rest } = openRules;
    expect(() => assertRulesComplete(services, rest)).toThrow(`no row for ${echoPath('chat')}`);
    expect(() => assertRulesComplete(services, { ...openRules, '/x/Y': { roles: ['user'] } })).toThrow('/x/Y');
    expect(() => assertRulesComplete(services, { ...openRules, [echoPath('chat')]: { roles: [] } })).toThrow('nobody');
  });
});
