import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { common, heidrun } from '@edda/contracts';
import { createGrpcClient, createTokenMinter, generateSigningKeys } from '@edda/grpc-kit';
import { silentLogger } from '@edda/telemetry';
import { createTestDatabases } from '@edda/testing';
import { afterAll, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const databases = createTestDatabases({
  name: 'heidrun_bundled',
  migrationsDir: join(import.meta.dirname, '../prisma/migrations'),
});
const folder = await mkdtemp(join(tmpdir(), 'heidrun-bundled-'));
const ending: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const end of ending.reverse()) await end();
  await databases.dropAll();
  await rm(folder, { recursive: true, force: true });
});

/** The service as an image runs it, from a bundle of its own; resolves with its gRPC port. */
async function startBundle(env: Record<string, string>, settings: object): Promise<number> {
  await promisify(execFile)(process.execPath, ['tools/src/bundle.ts', '--app', 'heidrun', '--out', folder], {
    cwd: root,
  });
  await writeFile(join(folder, 'heidrun.json'), JSON.stringify(settings));
  const args = ['dist/main.js', '--settings', join(folder, 'heidrun.json')];
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  const child = spawn(process.execPath, args, { cwd: join(folder, 'heidrun'), env, stdio: [...stdio] });
  const exited = once(child, 'exit');
  ending.push(async () => {
    child.kill('SIGTERM');
    await exited;
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const { grpc_port: port } = JSON.parse(line) as { grpc_port?: number };
    if (port !== undefined) return port;
  }
  throw new Error('the bundle ended before it was ready');
}

it('a bundle has the thread that counts large texts, and the vocabularies it reads', { timeout: 300_000 }, async () => {
  const { privateJwk, jwks } = await generateSigningKeys();
  const [keyFile, jwksFile] = [join(folder, 'key.json'), join(folder, 'jwks.json')];
  await writeFile(keyFile, JSON.stringify(privateJwk));
  await writeFile(jwksFile, JSON.stringify(jwks));
  const port = await startBundle(
    {
      DATABASE_URL: (await databases.create()).url,
      EDDA_SERVICE_KEY_FILE: keyFile,
      HEIDRUN_PAYMENT_KEYS: `test:${randomBytes(32).toString('base64')}`,
    },
    { grpc: { port: 0 }, operations: { port: 0 }, auth: { jwksFile }, outbox: { relay: false } },
  );
  const minter = createTokenMinter({ privateJwk, issuer: 'edda' });
  const client = createGrpcClient(heidrun.TokenServiceService, {
    address: `127.0.0.1:${port}`,
    token: minter.provider({ subject: 'anna', networkId: 'net', roles: ['user'], ttlSeconds: 600 }),
    logger: silentLogger(),
  });
  ending.push(async () => client.close());
  const value = 'word '.repeat(20_000);
  for (const model of ['gpt-4o', 'llama3', 'qwen3', 'mistral-nemo', 'deepseek-v3', 'llama2', 'mixtral:8x7b']) {
    const counted = await client.countTokens(
      heidrun.CountTokensRequest.fromPartial({ model, input: { $case: 'inputText', value } }),
      { deadlineMs: 60_000 },
    );
    expect(counted).toMatchObject({ method: common.TokenMethod.EXACT });
    expect(counted.totalTokens).toBeGreaterThanOrEqual(20_000n);
  }
});
