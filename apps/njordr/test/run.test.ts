import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { njordr } from '@edda/contracts';
import { checkHealth, createGrpcClient, createTokenMinter, generateSigningKeys } from '@edda/grpc-kit';
import { createTestDatabases, freePort, misnamedMetrics, waitFor } from '@edda/testing';
import { silentLogger } from '@edda/telemetry';
import { expect, it } from 'vitest';
import { run } from '../src/run.ts';

it('opens on an empty database without its peers, serves gRPC, HTTP and operations, and closes', async () => {
  const databases = createTestDatabases({ name: 'njordr_run' });
  const database = await databases.create();
  const folder = await mkdtemp(join(tmpdir(), 'njordr-run-'));
  const { privateJwk, jwks } = await generateSigningKeys();
  const files = { key: join(folder, 'key.json'), jwks: join(folder, 'jwks.json') };
  await writeFile(files.key, JSON.stringify(privateJwk));
  await writeFile(files.jwks, JSON.stringify(jwks));
  const nobody = `127.0.0.1:${await freePort()}`;
  const service = await run({
    settings: {
      grpc: { port: 0 },
      operations: { port: 0 },
      http: { port: 0 },
      auth: { jwksFile: files.jwks },
      peers: { heidrun: nobody, nornen: nobody, eikthyrnir: nobody },
    },
    secrets: {
      DATABASE_URL: database.url,
      EDDA_SERVICE_KEY_FILE: files.key,
      NJORDR_RESULT_KEYS: `k:${randomBytes(32).toString('base64')}`,
    },
    logger: silentLogger(),
  });
  const { grpc, http, operations } = service.ports;
  const address = `127.0.0.1:${grpc}`;
  const minter = createTokenMinter({ privateJwk, issuer: 'edda' });
  const token = () => minter.mint({ subject: 'u', networkId: 'n', roles: ['user'], ttlSeconds: 60 });
  const client = createGrpcClient(njordr.TransactionServiceService, { address, token, logger: silentLogger() });
  try {
    expect(await checkHealth(address)).toBe('SERVING');
    const list = await client.listTransactions(njordr.ListTransactionsRequest.fromPartial({}));
    expect(list.transactions).toEqual([]);
    const refund = njordr.RefundTransactionRequest.fromPartial({});
    await expect(client.refundTransaction(refund)).rejects.toMatchObject({ reason: 'ROLE_FORBIDDEN' });
    expect((await fetch(`http://127.0.0.1:${http}/docs/json`)).status).toBe(200);
    await waitFor(async () => (await fetch(`http://127.0.0.1:${operations}/readyz`)).status === 200);
    const metrics = await (await fetch(`http://127.0.0.1:${operations}/metrics`)).text();
    expect(metrics).toContain('edda_njordr_requests_active');
    expect(misnamedMetrics(metrics, 'njordr')).toEqual([]);
  } finally {
    client.close();
    await service.close();
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  }
  await expect(fetch(`http://127.0.0.1:${http}/docs/json`)).rejects.toThrow();
});
