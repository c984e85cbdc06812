import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { heidrun } from '@edda/contracts';
import {
  createGrpcClient,
  createGrpcServer,
  createTokenMinter,
  createTokenVerifier,
  generateSigningKeys,
  implement,
  type Role,
} from '@edda/grpc-kit';
import { createFakeClock, createTestDatabases } from '@edda/testing';
import { createMemoryLogger, createMetrics } from '@edda/telemetry';
import { createCounterPool, createTokenCounter } from '@edda/tokens';
import { type PaymentDeps, type PaymentSettings } from '../src/payments/payment-deps.ts';
import { createPaymentMetrics } from '../src/payments/payment-metrics.ts';
import { createPaymentHandlers, paymentRules } from '../src/payments/payment-handlers.ts';
import { type PaymentProvider } from '../src/payments/provider/payment-provider.ts';
import { createSandboxProvider } from '../src/payments/provider/sandbox-provider.ts';
import { createTokenSeal } from '../src/payments/token-seal.ts';
import { createPayouts } from '../src/payments/payouts/payouts.ts';
import { createSpendingWatch } from '../src/payments/spending/spending-watch.ts';
import { createTopUps } from '../src/payments/top-ups.ts';
import { createTokenHandlers, tokenRules } from '../src/tokens/token-handlers.ts';

const issuer = 'edda';
const { privateJwk, jwks } = await generateSigningKeys();
const jwksFile = join(mkdtempSync(join(tmpdir(), 'heidrun-')), 'jwks.json');
writeFileSync(jwksFile, JSON.stringify(jwks));
const minter = createTokenMinter({ privateJwk, issuer });

export const settings: PaymentSettings & { watchIntervalMs: number } = {
  minTopUpCents: 100,
  maxTopUpCents: 1_000_000,
  verificationAttempts: 3,
  sweepIntervalMs: 50,
  retryAfterSeconds: 30,
  topUpExpirySeconds: 3_600,
  autoTopUpFailures: 3,
  creditChargePercent: 80,
  minPayoutCents: 100,
  holdBackDays: 2,
  webhookRetentionDays: 90,
  watchIntervalMs: 60_000,
};

export type Fixture = Awaited<ReturnType<typeof startPayments>>;

/** PaymentService and TokenService on a free port over a fresh database; `provider` may be replaced while it runs. */
export async function startPayments() {
  const databases = createTestDatabases({
    name: 'heidrun_payments',
    migrationsDir: `${import.meta.dirname}/../prisma/migrations`,
  });
  const { pool } = await databases.create();
  const log = createMemoryLogger();
  const clock = createFakeClock('2026-03-01T00:00:00Z');
  const sandbox = createSandboxProvider({ pool });
  const current: { provider: PaymentProvider } = { provider: sandbox };
  const provider: PaymentProvider = {
    name: 'sandbox',
    attachMethod: (request) => current.provider.attachMethod(request),
    verifyMethod: (request) => current.provider.verifyMethod(request),
    charge: (request) => current.provider.charge(request),
    findCharge: (reference) => current.provider.findCharge(reference),
    cancelCharge: (reference) => current.provider.cancelCharge(reference),
    payOut: (order) => current.provider.payOut(order),
    findPayout: (reference) => current.provider.findPayout(reference),
    readWebhook: (delivery) => current.provider.readWebhook(delivery),
  };
  const metrics = createMetrics({ service: 'heidrun', processMetrics: false });
  const keys = `test:${randomBytes(32).toString('base64')}`;
  const deps: PaymentDeps = {
    ...{ pool, provider, clock },
    seal: createTokenSeal(keys),
    newId: randomUUID,
    currency: 'EUR',
    settings: () => settings,
    metrics: createPaymentMetrics(metrics, pool, clock),
    logger: log.logger.module('payments'),
    spent: { touch: (user) => spent.touch(user) },
    assertCapacity: () => undefined,
    notify: () => undefined,
  };
  const topUps = createTopUps(deps);
  const payouts = createPayouts(deps);
  const spent = createSpendingWatch(deps, topUps);
  const counter = createCounterPool({ counter: createTokenCounter(), options: () => ({}) });
  const tokenDeps = {
    ...{ pool, clock, newId: randomUUID, notify: () => undefined },
    counter,
    logger: log.logger.module('tokens'),
    onCalculation: () => undefined,
  };
  const services = [
    implement(heidrun.PaymentServiceService, createPaymentHandlers(deps, { topUps, payouts })),
    implement(heidrun.TokenServiceService, createTokenHandlers(tokenDeps)),
  ];
  const rules = { ...paymentRules, ...tokenRules };
  const server = createGrpcServer({
    service: 'heidrun',
    services,
    rules,
    auth: createTokenVerifier({ jwksFile, issuer }),
    logger: log.logger.module('grpc'),
    metrics,
  });
  const port = await server.listen({ host: '127.0.0.1', port: 0 });
  const opened: { close(): void }[] = [];
  const options = (subject: string, roles: Role[], networkId: string) => ({
    address: `127.0.0.1:${port}`,
    token: () => minter.mint({ subject, networkId, roles, ttlSeconds: 600 }),
    logger: log.logger,
    retries: false as const,
  });
  const payments = (subject: string, roles: Role[] = ['user'], networkId = 'n') => {
    const client = createGrpcClient(heidrun.PaymentServiceService, options(subject, roles, networkId));
    opened.push(client);
    return client;
  };
  const tokens = (subject: string) => {
    const client = createGrpcClient(heidrun.TokenServiceService, options(subject, ['user'], 'n'));
    opened.push(client);
    return client;
  };
  const close = async () => {
    for (const client of opened) client.close();
    await spent.idle();
    await server.close({ graceMs: 0 });
    await counter.close();
    await databases.dropAll();
  };
  return {
    pool,
    log,
    clock,
    deps,
    keys,
    current,
    sandbox,
    metrics,
    topUps,
    payouts,
    spent,
    services,
    rules,
    payments,
    tokens,
    close,
  };
}

const { PaymentMethodKind: Kind, PaymentPurpose: Purpose } = heidrun;

/** A request to add the sandbox card, or what `overrides` make of it. */
export const cardRequest = (overrides: Partial<heidrun.AddPaymentMethodRequest> = {}) =>
  heidrun.AddPaymentMethodRequest.fromPartial({
    idempotencyKey: randomUUID(),
    kind: Kind.CARD,
    purposes: [Purpose.PAY],
    token: 'tok_sandbox_visa',
    ...overrides,
  });

/** A request to buy 10.00, or what `overrides` make of it. */
export const topUpRequest = (overrides: Partial<heidrun.TopUpRequest> = {}) =>
  heidrun.TopUpRequest.fromPartial({ idempotencyKey: randomUUID(), amountCents: 1_000n, ...overrides });
