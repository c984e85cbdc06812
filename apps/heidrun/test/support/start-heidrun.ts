import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { common, heidrun } from '@edda/contracts';
import { createGrpcClient, createTokenMinter, generateSigningKeys, type RpcService, type Role } from '@edda/grpc-kit';
import { createMemoryLogger, type MemoryLogger, silentLogger } from '@edda/telemetry';
import { createFakeClock, createTestDatabases, type FakeClock, type TestDatabase } from '@edda/testing';
import { type DeepPartial } from '@edda/settings';
import { clearingOf, walletOf } from '../../src/ledger/account-names.ts';
import { postTransfers } from '../../src/ledger/post-transfers.ts';
import { run } from '../../src/run.ts';
import { type HeidrunSecrets } from '../../src/secrets.ts';
import { type HeidrunSettings } from '../../src/settings.ts';

const databases = createTestDatabases({
  name: 'heidrun',
  migrationsDir: join(import.meta.dirname, '../../prisma/migrations'),
});

export interface Caller {
  subject: string;
  networkId?: string;
  roles: readonly Role[];
}

/** Heidrun over a real socket on a real database, its time under control, its sweep as slow as a test wants it. */
export async function startHeidrun({
  secrets = {},
  settings = {},
  clock = createFakeClock(new Date()),
  redisUrl,
  beside,
}: {
  secrets?: Partial<HeidrunSecrets>;
  settings?: DeepPartial<HeidrunSettings>;
  clock?: FakeClock;
  redisUrl?: string;
  beside?: TestDatabase;
} = {}) {
  const database: TestDatabase = beside ?? (await databases.create());
  const folder = await mkdtemp(join(tmpdir(), 'heidrun-'));
  const { privateJwk, jwks } = await generateSigningKeys();
  await writeFile(join(folder, 'key.json'), JSON.stringify(privateJwk));
  await writeFile(join(folder, 'jwks.json'), JSON.stringify(jwks));
  const log: MemoryLogger = createMemoryLogger({ level: 'info' });
  const service = await run({
    settings: {
      grpc: { port: 0 },
      operations: { port: 0 },
      auth: { jwksFile: join(folder, 'jwks.json') },
      outbox: { relay: false },
      ...settings,
      holds: { sweepIntervalMs: 60_000, ...settings.holds },
    },
    secrets: {
      DATABASE_URL: database.url,
      EDDA_SERVICE_KEY_FILE: join(folder, 'key.json'),
      HEIDRUN_PAYMENT_KEYS: `test:${randomBytes(32).toString('base64')}`,
      ...secrets,
      REDIS_URL: redisUrl,
    },
    logger: log.logger,
    clock,
  });
  const minter = createTokenMinter({ privateJwk, issuer: 'edda' });
  const closers: (() => void)[] = [];
  const client = <const Service extends RpcService>(definition: Service, caller: Caller = njordr) => {
    const token = minter.provider({ networkId: 'net', ttlSeconds: 600, ...caller });
    const address = `127.0.0.1:${service.ports['grpc']}`;
    const made = createGrpcClient(definition, {
      address,
      token,
      logger: silentLogger(),
      retries: false,
      breaker: false,
    });
    closers.push(() => made.close());
    return made;
  };
  return {
    database,
    clock,
    log,
    client,
    ports: service.ports,
    jwksFile: join(folder, 'jwks.json'),
    preAuth: client(heidrun.PreAuthServiceService),
    pricing: client(heidrun.PricingServiceService),
    ledger: client(heidrun.LedgerServiceService),
    /** A user that may pay, with this much in the wallet. */
    async requester(cents: bigint, networkId = 'net'): Promise<string> {
      const userId = `user-${randomUUID()}`;
      const at = clock.now();
      await database.pool.query(
        `INSERT INTO payment_methods (id, network_id, user_id, kind, purposes, status, payment_provider, token_key_id,
           token_sealed, created_at, verified_at)
         VALUES ($1, $2, $3, 'CARD', '{PAY}', 'VERIFIED', 'sandbox', 'test', '\\x00', $4, $4)`,
        [randomUUID(), networkId, userId, at],
      );
      if (cents > 0n) await topUp(database, { userId, networkId }, cents, at);
      return userId;
    },
    /** Ends the service; its database stays. */
    async stop() {
      for (const close of closers) close();
      await service.close();
    },
    async close() {
      for (const close of closers) close();
      await service.close();
      if (beside === undefined) await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export type TestHeidrun = Awaited<ReturnType<typeof startHeidrun>>;

export const njordr: Caller = { subject: 'njordr', networkId: 'edda', roles: ['service'] };

async function topUp(database: TestDatabase, user: { userId: string; networkId: string }, cents: bigint, at: Date) {
  const transfer = { id: `topup:${randomUUID()}`, debit: clearingOf('sandbox'), credit: walletOf(user) };
  const client = await database.pool.connect();
  try {
    await postTransfers(client, [{ ...transfer, amountCents: cents, kind: 'TOP_UP' }], { postedAt: at });
  } finally {
    client.release();
  }
}

/** Sets a provider's price; input and output at 3 ct per 1,000 tokens unless said otherwise. */
export async function setPrice(
  { pricing }: TestHeidrun,
  providerId: string,
  price: Partial<heidrun.SetPricingConfigRequest> = {},
) {
  const { config } = await pricing.setPricingConfig({
    idempotencyKey: randomUUID(),
    providerId,
    ownerId: `owner-of-${providerId}`,
    networkId: 'net',
    model: 'gpt-4o',
    priceCents: 3n,
    priceUnitTokens: 0n,
    validFrom: undefined,
    ...price,
  });
  return config;
}

/** A PreAuthorize request: 1,000 tokens in, 1,000 out, unless said otherwise. */
export function holdRequest(
  requesterId: string,
  providers: readonly string[],
  more: Partial<heidrun.PreAuthorizeRequest> = {},
): heidrun.PreAuthorizeRequest {
  const transactionId = randomUUID();
  return {
    idempotencyKey: `hold-${transactionId}`,
    requestId: `request-${transactionId}`,
    transactionId,
    requesterId,
    networkId: 'net',
    candidates: providers.map((providerId) => ({ providerId, priceVersion: 0n })),
    providerId: '',
    model: 'gpt-4o',
    tokens: { $case: 'inputTokens', value: 1_000n },
    maxOutputTokens: 1_000n,
    ttlSeconds: 0,
    ...more,
  };
}

/** A CapturePreAuth request for one leg of counted tokens. */
export function captureRequest(
  preauthId: string,
  legs: readonly Partial<heidrun.CaptureLeg>[],
  more: Partial<heidrun.CapturePreAuthRequest> = {},
): heidrun.CapturePreAuthRequest {
  return {
    idempotencyKey: `capture-${preauthId}`,
    requestId: 'request',
    preauthId,
    legs: legs.map((leg) => ({
      providerId: '',
      input: undefined,
      output: undefined,
      countedMethod: common.TokenMethod.UNSPECIFIED,
      ...leg,
    })),
    finishReason: common.FinishReason.STOP,
    ...more,
  };
}

export const counted = (input: bigint, output: bigint): Partial<heidrun.CaptureLeg> => ({
  input: { $case: 'inputTokens', value: input },
  output: { $case: 'outputTokens', value: output },
});

export const cancelRequest = (preauthId: string): heidrun.CancelPreAuthRequest => ({
  idempotencyKey: `cancel-${preauthId}`,
  requestId: 'request',
  preauthId,
  reason: 'test',
});
