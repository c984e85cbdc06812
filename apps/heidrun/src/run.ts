import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { heidrun, nornen } from '@edda/contracts';
import { implement, type ServiceEntry } from '@edda/grpc-kit';
import { appendEvents, createOutboxRelay, type OutboxRelay } from '@edda/pg-kit';
import {
  openService,
  outboxMetrics,
  type RunningService,
  serveSettings,
  type ServiceBase,
  tracedDelivery,
} from '@edda/service-kit';
import { createSettings, type DeepPartial, type Settings } from '@edda/settings';
import { type Clock, type Logger, systemClock } from '@edda/telemetry';
import { type AsyncTokenCounter } from '@edda/tokens';
import { PrismaPg } from '@prisma/adapter-pg';
import { createCalculationCounter } from './calculation-counter.ts';
import { createDeliverEvents } from './events/deliver-events.ts';
import { PrismaClient } from './gen/prisma/client.ts';
import { createLedgerHandlers } from './ledger/ledger-handlers.ts';
import { createLedgerMetrics, watchLedger } from './ledger/watch-ledger.ts';
import { createPaymentFeature, type PaymentFeature } from './payments/payment-feature.ts';
import { readyToPay } from './payments/ready-to-pay.ts';
import { createPaymentMetrics } from './payments/payment-metrics.ts';
import { createPaymentProvider } from './payments/provider/create-payment-provider.ts';
import { type SpendingWatch } from './payments/spending/spending-watch.ts';
import { createTokenSeal } from './payments/token-seal.ts';
import { startPeriodic } from './periodic.ts';
import { createHoldCache } from './preauth/hold-cache.ts';
import { openBatches } from './preauth/open-batches.ts';
import { createPreAuthHandlers } from './preauth/pre-auth-handlers.ts';
import { createPreAuthMetrics } from './preauth/pre-auth-metrics.ts';
import { sweepHolds } from './preauth/sweep-holds.ts';
import { createPriceCache } from './pricing/price-cache.ts';
import { priceInForce } from './pricing/price-store.ts';
import { createPricingHandlers } from './pricing/pricing-handlers.ts';
import { sharePriceChanges } from './pricing/share-price-changes.ts';
import { rules } from './rules.ts';
import { type HeidrunSecrets } from './secrets.ts';
import { type HeidrunSettings, settingsSchema } from './settings.ts';
import { createSettlementHandlers } from './settlement/settlement-handlers.ts';
import { sweepKeys } from './sweep-keys.ts';
import { createCounting } from './tokens/create-counting.ts';
import { rollUsage } from './tokens/roll-usage.ts';
import { createTokenHandlers } from './tokens/token-handlers.ts';

export interface RunOptions {
  /** Win over the settings file. */
  settings?: DeepPartial<HeidrunSettings>;
  settingsFile?: string;
  /** Stored restart-only settings wait; for one that keeps the service from starting. */
  ignoreOverrides?: boolean;
  secrets: HeidrunSecrets;
  logger?: Logger;
  clock?: Clock;
}

/** What every feature is built from. */
interface Parts {
  base: ServiceBase;
  settings: Settings<HeidrunSettings>;
  secrets: RunOptions['secrets'];
  clock: Clock;
  counter: AsyncTokenCounter;
  relay: OutboxRelay;
}

const IDEMPOTENCY_SWEEP_MS = 600_000;
const LEDGER_WATCH_MS = 60_000;

/** Opens Heidrun: migrated database, gRPC server, sweeps and the outbox relay. */
export async function run(options: RunOptions): Promise<RunningService> {
  const settings = await createSettings({
    schema: settingsSchema,
    ...(options.settingsFile !== undefined && { file: options.settingsFile }),
    ...(options.settings !== undefined && { overrides: options.settings }),
    ...(options.logger !== undefined && { logger: options.logger }),
  });
  const { secrets, logger, ignoreOverrides, clock = systemClock } = options;
  try {
    const migrationsDirectory = join(import.meta.dirname, '../prisma/migrations');
    const base = await openService({
      ...{ name: 'heidrun', settings, secrets, migrationsDirectory, logger, ignoreOverrides },
    });
    try {
      base.onClose('settings', () => settings.close());
      return await serve({ base, settings, secrets, clock });
    } catch (error) {
      await base.close();
      throw error;
    }
  } catch (error) {
    settings.close();
    throw error;
  }
}

async function serve(given: Omit<Parts, 'counter' | 'relay'>): Promise<RunningService> {
  const { base, settings } = given;
  const counter = createCounting(base, settings, given.secrets);
  const parts: Parts = { ...given, counter, relay: createRelay(given) };
  const payments = createPayments(parts);
  const settingsService = await serveSettings(base, {
    ...{ settings, clock: given.clock, onStored: () => parts.relay.notify() },
    announce: (client, event) => appendEvents(client, [event]),
  });
  const services = [
    ...createCalculations(parts),
    createPreAuth(parts, payments.spent),
    createLedger(parts),
    payments.service,
    settingsService.entry,
    base.audit.service,
  ];
  base.onClose('outbox relay', () => parts.relay.stop());
  if (settings.current().outbox.relay) parts.relay.start();
  return { ports: await base.serve({ services, rules }), close: () => base.close() };
}

/** The services that only calculate, and prices. */
function createCalculations({ base, settings, clock, counter, relay }: Parts): ServiceEntry[] {
  const { pool, logger, metrics } = base;
  const calculated = createCalculationCounter(metrics);
  const rolling = startPeriodic({
    name: 'usage rollups',
    intervalMs: () => settings.current().tokens.rollIntervalMs,
    run: () => rollUsage(pool),
    logger,
  });
  base.onClose('usage rollups', () => rolling.stop());
  const cache = createPriceCache({
    load: (providerId, model) => priceInForce(pool, providerId, model, clock.now()),
    clock,
    ttlMs: () => settings.current().pricing.cacheTtlMs,
  });
  const prices = sharePriceChanges(cache, base.redis.bus);
  base.onClose('price changes', () => prices.stop());
  return [
    implement(
      heidrun.TokenServiceService,
      createTokenHandlers({
        ...{ pool, clock, newId: randomUUID, notify: () => relay.notify() },
        counter,
        logger: logger.module('tokens'),
        onCalculation: () => calculated('tokens'),
      }),
    ),
    implement(
      heidrun.PricingServiceService,
      createPricingHandlers({
        ...{ pool, prices, counter, clock },
        newId: randomUUID,
        bounds: () => settings.current().pricing,
        assertCapacity: () => relay.assertCapacity(),
        notify: () => relay.notify(),
        logger: logger.module('pricing'),
        onCalculation: () => calculated('pricing'),
      }),
    ),
    implement(
      heidrun.SettlementServiceService,
      createSettlementHandlers({
        ...{ pool, clock },
        newId: randomUUID,
        notify: () => relay.notify(),
        rateBps: () => settings.current().commission.rateBps,
        logger: logger.module('settlement'),
        onCalculation: (count) => calculated('settlement', count),
      }),
    ),
  ];
}

function createPreAuth(parts: Parts, spent: SpendingWatch): ServiceEntry {
  const { base, settings, secrets, clock, counter, relay } = parts;
  const { pool, logger } = base;
  const metrics = createPreAuthMetrics(base.metrics, pool, clock);
  const batches = openBatches(base, secrets.DATABASE_URL, {
    ...{ clock, readyToPay },
    newId: randomUUID,
    rateBps: () => settings.current().commission.rateBps,
    assertCapacity: () => relay.assertCapacity(),
  });
  const deps = {
    ...{ pool, counter, clock, batches, metrics, spent },
    known: createHoldCache(),
    holdTtlSeconds: () => settings.current().holds.ttlSeconds,
    notify: () => relay.notify(),
    logger: logger.module('preauth'),
  };
  const sweep = startPeriodic({
    name: 'expired holds',
    intervalMs: () => settings.current().holds.sweepIntervalMs,
    run: () => sweepHolds(deps),
    logger,
    onRun: metrics.swept,
  });
  base.onClose('sweep of expired holds', () => sweep.stop());
  const forget = startPeriodic({
    name: 'old idempotency keys',
    intervalMs: () => IDEMPOTENCY_SWEEP_MS,
    run: () => sweepKeys(pool, clock.now()),
    logger,
  });
  base.onClose('sweep of idempotency keys', () => forget.stop());
  return implement(heidrun.PreAuthServiceService, createPreAuthHandlers(deps));
}

function createLedger({ base, settings, clock }: Parts): ServiceEntry {
  const { pool, logger } = base;
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) });
  base.onClose('Prisma', () => prisma.$disconnect());
  const deps = {
    ...{ pool, prisma, clock },
    currency: settings.current().currency,
    sweepGraceMs: () => 2 * settings.current().holds.sweepIntervalMs,
    logger: logger.module('ledger'),
  };
  createLedgerMetrics(base.metrics, deps);
  const intervalMs = () => 1_000 * settings.current().ledger.verifyIntervalSeconds;
  const watch = startPeriodic({
    name: 'verification of the ledger',
    // Asked more often than it is due, so that a replica that died is not waited for long.
    intervalMs: () => Math.min(intervalMs(), LEDGER_WATCH_MS),
    run: () => watchLedger({ ...deps, intervalMs }),
    logger,
  });
  base.onClose('verification of the ledger', () => watch.stop());
  return implement(heidrun.LedgerServiceService, createLedgerHandlers(deps));
}

function createPayments({ base, settings, secrets, clock, relay }: Parts): PaymentFeature {
  const { pool, logger } = base;
  const feature = createPaymentFeature({
    pool,
    provider: createPaymentProvider({ pool, settings: settings.current().payments, secrets }),
    seal: createTokenSeal(secrets.HEIDRUN_PAYMENT_KEYS),
    clock,
    newId: randomUUID,
    currency: settings.current().currency,
    settings: () => settings.current().payments,
    metrics: createPaymentMetrics(base.metrics, pool, clock),
    logger: logger.module('payments'),
    assertCapacity: () => relay.assertCapacity(),
    notify: () => relay.notify(),
  });
  for (const task of feature.tasks) {
    const running = startPeriodic({ ...task, logger });
    base.onClose(task.name, () => running.stop());
  }
  base.onClose('what follows from spending', () => feature.spent.idle());
  return feature;
}

function createRelay({ base, settings }: Pick<Parts, 'base' | 'settings'>): OutboxRelay {
  const { peers, outbox } = settings.current();
  const history = base.peer(nornen.HistoryServiceService, peers.nornen, peers.tls);
  const relay = createOutboxRelay({
    pool: base.pool,
    deliver: tracedDelivery(base.tracer, createDeliverEvents({ history, logger: base.logger.module('outbox') })),
    maxPending: outbox.maxPending,
    // One worker: each holds a connection of the pool while it delivers.
    hashPartitions: 1,
    logger: base.logger.module('outbox'),
    metrics: outboxMetrics(base.metrics),
  });
  // What writes an event writes an audit record with it.
  const notify = () => {
    relay.notify();
    base.audit.notify();
  };
  return { ...relay, notify };
}
