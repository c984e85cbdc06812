import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '@edda/app-heidrun/run';
import { heidrun } from '@edda/contracts';
import { createGrpcClient, createTokenMinter, generateSigningKeys, type Role } from '@edda/grpc-kit';
import { startEmbeddedPostgres } from '@edda/pg-kit';
import { createCloseStack } from '@edda/service-kit';
import { createLogger } from '@edda/telemetry';
import { runChild } from '../../processes/run-child.ts';
import { price, provider } from './pricing-call.ts';

/** The subject: a whole Heidrun as `main.ts` would run it, with one provider's price set through its own interface. */
runChild(async () => {
  const logger = createLogger({ service: 'bench', level: 'warn' });
  const folder = await mkdtemp(join(tmpdir(), 'edda-bench-'));
  const stack = createCloseStack(logger);
  stack.add('folder', () => rm(folder, { recursive: true, force: true }));
  try {
    // Where root runs the benchmark, PostgreSQL runs as another user, who must be able to pass.
    await chmod(folder, 0o711);
    const { privateJwk, jwks } = await generateSigningKeys();
    const [keyFile, jwksFile] = [join(folder, 'key.json'), join(folder, 'jwks.json')];
    await writeFile(keyFile, JSON.stringify(privateJwk), { mode: 0o600 });
    await writeFile(jwksFile, JSON.stringify(jwks));
    const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres'), logger });
    stack.add('PostgreSQL', () => postgres.stop());
    const service = await run({
      settings: {
        grpc: { port: 0 },
        operations: { port: 0 },
        auth: { jwksFile },
        log: { level: 'warn' },
        outbox: { relay: false },
      },
      secrets: {
        DATABASE_URL: await postgres.ensureDatabase('heidrun', 'heidrun'),
        EDDA_SERVICE_KEY_FILE: keyFile,
        HEIDRUN_PAYMENT_KEYS: `k1:${randomBytes(32).toString('base64')}`,
      },
    });
    stack.add('Heidrun', () => service.close());
    const port = service.ports['grpc'] ?? 0;
    const minter = createTokenMinter({ privateJwk, issuer: 'edda' });
    const token = (subject: string, role: Role) =>
      minter.mint({ subject, networkId: 'bench', roles: [role], ttlSeconds: 3_600 });
    const serviceToken = await token('njordr', 'service');
    const client = createGrpcClient(heidrun.PricingServiceService, {
      address: `127.0.0.1:${port}`,
      token: async () => serviceToken,
      logger,
    });
    await client.setPricingConfig(
      heidrun.SetPricingConfigRequest.fromPartial({
        ...provider,
        ...price,
        idempotencyKey: 'bench-price',
        ownerId: 'bench-owner',
        networkId: 'bench',
      }),
    );
    client.close();
    return { ready: { port, token: await token('bench-user', 'user') }, close: () => stack.close() };
  } catch (error) {
    await stack.close();
    throw error;
  }
});
