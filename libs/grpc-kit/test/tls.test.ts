import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate, type GenerateResult } from 'selfsigned';
import { describe, expect, it } from 'vitest';
import { checkHealth, createGrpcServer, createTokenVerifier, isLoopback } from '../src/index.ts';
import { issuer, jwksFile, start } from './fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'grpc-kit-tls-'));

function write(name: string, pem: string): string {
  const file = join(folder, name);
  writeFileSync(file, pem);
  return file;
}

const authority = await generate([{ name: 'commonName', value: 'Test CA' }], {
  keyType: 'ec',
  algorithm: 'sha256',
  extensions: [{ name: 'basicConstraints', cA: true, critical: true }],
});

async function certificate(name: string): Promise<{ certFile: string; keyFile: string }> {
  const made: GenerateResult = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    ca: { key: authority.private, cert: authority.cert },
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  });
  return { certFile: write(`${name}.pem`, made.cert), keyFile: write(`${name}.key`, made.private) };
}

const caFile = write('ca.pem', authority.cert);
const serverPair = await certificate('server');
const clientPair = await certificate('client');
const echo = { echo: async (request: { text: string }) => request };

describe('TLS', () => {
  it('serves clients that trust its authority, and no plain ones', async () => {
    const { client, address } = await start(echo, { tls: serverPair });
    await expect(client({ tls: { caFile } }).echo({ text: 'safe' })).resolves.toEqual({ text: 'safe' });
    await expect(checkHealth(address, { tls: { caFile } })).resolves.toBe('SERVING');
    const plain = client({ retries: false, connectTimeoutMs: 300 });
    await expect(plain.echo({ text: 'x' })).rejects.toMatchObject({ kind: 'unavailable' });
    const untrusting = client({ tls: {}, retries: false, connectTimeoutMs: 300 });
    await expect(untrusting.echo({ text: 'x' })).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('with an authority for clients (mTLS) wants their certificate', async () => {
    const { client } = await start(echo, { tls: { ...serverPair, caFile } });
    const known = client({ tls: { caFile, ...clientPair } });
    await expect(known.echo({ text: 'both' })).resolves.toEqual({ text: 'both' });
    const unknown = client({ tls: { caFile }, retries: false, connectTimeoutMs: 500 });
    await expect(unknown.echo({ text: 'x' })).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('is required beyond loopback, unless waived', async () => {
    const { log, metrics } = await start(echo);
    const base = { service: 'x', services: [], rules: {}, auth: createTokenVerifier({ jwksFile, issuer }) };
    const strict = createGrpcServer({ ...base, logger: log.logger, metrics });
    await expect(strict.listen({ host: '0.0.0.0', port: 0 })).rejects.toThrow('without TLS');
    const waived = createGrpcServer({ ...base, logger: log.logger, metrics, allowInsecure: true });
    await expect(waived.listen({ host: '0.0.0.0', port: 0 })).resolves.toBeGreaterThan(0);
    await waived.close({ graceMs: 0 });
  });

  it('knows loopback addresses', () => {
    expect(['localhost', '127.0.0.1', '127.1.2.3', '::1'].every(isLoopback)).toBe(true);
    expect(['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example.org'].some(isLoopback)).toBe(false);
  });
});
