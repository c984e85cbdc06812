import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { eikthyrnir, heidrun, njordr, nornen } from '@edda/contracts';
import { implement } from '@edda/grpc-kit';
import { appendEvents, createOutboxRelay, type OutboxMetrics } from '@edda/pg-kit';
import {
  openService,
  outboxMetrics,
  type RunningService,
  serveSettings,
  type ServiceBase,
  tracedDelivery,
} from '@edda/service-kit';
import { createSettings, type DeepPartial, type Secrets, type Settings } from '@edda/settings';
import { type Clock, type Logger, systemClock } from '@edda/telemetry';
import { countRequests } from './count-requests.ts';
import { createEdge } from './edge/create-edge.ts';
import { createDeliverEvents } from './events/deliver-events.ts';
import { createCallLimits } from './limits/call-limits.ts';
import { type njordrSecrets } from './njordr-secrets.ts';
import { startPeriodic } from './periodic.ts';
import { createPolicyFeed } from './policy/policy-feed.ts';
import { createProviders } from './providers/create-providers.ts';
import { createQualityFeed } from './quality/quality-feed.ts';
import { createReconciler } from './reconciliation/create-reconciler.ts';
import { createComputeHandlers } from './requests/create-compute-handlers.ts';
import { createRequests } from './requests/create-requests.ts';
import { rules } from './rules.ts';
import { njordrSettings, type NjordrSettings } from './settings.ts';
import { createTransactionHandlers } from './transactions/create-transaction-handlers.ts';

export interface RunOptions {
  /** Win over the settings file. */
  settings?: DeepPartial<NjordrSettings>;
  settingsFile?: string;
  /** Stored restart-only settings wait; for one that keeps the service from starting. */
  ignoreOverrides?: boolean;
  secrets: Secrets<typeof njordrSecrets>;
  logger?: Logger;
  clock?: Clock;
  /** From 0 up to 1; decides who explores. */
  random?: () => number;
}

interface Parts extends Required<Pick<RunOptions, 'secrets' | 'clock' | 'random'>> {
  base: ServiceBase;
  settings: Settings<NjordrSettings>;
}

/** How long running requests get when the service closes, before they are settled as they are, ms. */
const DRAIN_MS = 5_000;

/** Opens Njörðr: migrated database, gRPC server, HTTP edge, feeds, sweeps and the outbox relay. */
export async function run(options: RunOptions): Promise<RunningService> {
  const { secrets, logger, ignoreOverrides, clock = systemClock, random = Math.random } = options;
  const settings = await createSettings({
    schema: njordrSettings,
    ...(options.settingsFile !== undefined && { file: options.settingsFile }),
    ...(options.settings !== undefined && { overrides: options.settings }),
    ...(logger !== undefined && { logger }),
  });
  try {
    const migrationsDirectory = join(import.meta.dirname, '../prisma/migrations');
    const base = await openService({
      ...{ name: 'njordr', settings, secrets, migrationsDirectory, logger, ignoreOverrides },
    });
    try {
      return await serve({ base, settings, secrets, clock, random });
    } catch (error) {
      await base.close();
      throw error;
    }
  } catch (error) {
    settings.close();
    throw error;
  }
}

async function serve(parts: Parts): Promise<RunningService> {
  const { base, settings } = parts;
  const { logger, metrics, pool, verifier } = base;
  base.onClose('settings', () => settings.close());
  const peers = openPeers(base, settings.current());
  const relay = openRelay(parts, peers, outboxMetrics(metrics));
  const policies = createPolicyFeed({ decisions: peers.decisions, logger: logger.module('policy') });
  const providers = createProviders({
    pool,
    redis: base.redis,
    clock: parts.clock,
    logger,
    metrics,
    settings: settings.current,
    assertCapacity: () => relay.assertCapacity(),
    peers,
    connect: (address) => base.client(njordr.ReplicaServiceService, address, settings.current().peers.tls),
  });
  const { directory, replicas } = providers;
  const quality = createQualityFeed({ quality: peers.quality, directory, logger: logger.module('quality') });
  const requests = createRequests({
    ...{ pool, hub: replicas.hub, directory, clock: parts.clock, random: parts.random, settings: settings.current },
    ...{ logger: logger.module('requests'), preAuth: peers.preAuth, resultKeys: parts.secrets.NJORDR_RESULT_KEYS },
    ...{ policies: () => policies.current(), newId: randomUUID, assertCapacity: () => relay.assertCapacity() },
  });
  countRequests(metrics, () => requests.compute.registry.size);
  base.onClose('providers', () => providers.close());
  base.onClose('requests', () => requests.close(DRAIN_MS));
  await providers.start();
  requests.start();
  for (const feed of [policies, quality]) {
    base.onClose('feed', () => feed.close());
    feed.start();
  }
  const sweeps = startPeriodic({
    name: 'recovery',
    intervalMs: () => settings.current().recovery.sweepIntervalMs,
    run: () => Promise.all([requests.recover(), requests.sweep()]),
    logger,
  });
  base.onClose('sweeps', () => sweeps.stop());
  const reconciler = createReconciler({
    ...{ pool, metrics, preAuth: peers.preAuth, clock: parts.clock, logger: logger.module('reconciliation') },
    settings: () => settings.current().reconciliation,
  });
  const comparisons = startPeriodic({
    name: 'reconciliation',
    intervalMs: () => settings.current().reconciliation.intervalMs,
    run: () => reconciler.run(),
    logger,
  });
  base.onClose('comparisons', () => comparisons.stop());
  const settingsService = await serveSettings(base, {
    ...{ settings, clock: parts.clock, onStored: () => relay.notify() },
    announce: (client, event) => appendEvents(client, [event]),
  });
  const services = [
    implement(njordr.ProviderServiceService, providers.providerHandlers),
    implement(njordr.ProviderLinkService, providers.linkHandlers),
    implement(njordr.ReplicaServiceService, replicas.handlers),
    implement(njordr.ComputeServiceService, createComputeHandlers(requests.compute)),
    implement(njordr.TransactionServiceService, createTransactionHandlers({ pool, reads: requests.compute.reads })),
    implement(njordr.ApiKeyServiceService, {}),
    implement(njordr.AdminServiceService, {}),
    implement(njordr.CatalogServiceService, {}),
    implement(njordr.AnalyticsServiceService, {}),
    settingsService.entry,
    base.audit.service,
  ];
  const limits = createCallLimits({ limits: base.redis.limits, settings: () => settings.current().limits });
  const edge = await createEdge({
    ...{
      limits,
      cache: base.redis.cache,
      services,
      rules,
      payments: peers.payments,
      directory,
      verifier,
      logger,
      metrics,
      tracer: base.tracer,
    },
    settings: () => settings.current().http,
  });
  base.onClose('HTTP edge', () => edge.close());
  const http = await edge.listen(settings.current().http);
  const ports = await base.serve({ services, rules, limit: (identity, address) => limits.admit(identity, address) });
  await replicas.start({ host: settings.current().grpc.host, port: ports.grpc });
  return { ports: { ...ports, http }, close: () => base.close() };
}

function openPeers(base: ServiceBase, { peers }: NjordrSettings) {
  return {
    preAuth: base.peer(heidrun.PreAuthServiceService, peers.heidrun, peers.tls),
    payments: base.peer(heidrun.PaymentServiceService, peers.heidrun, peers.tls),
    pricing: base.peer(heidrun.PricingServiceService, peers.heidrun, peers.tls),
    decisions: base.peer(nornen.DecisionServiceService, peers.nornen, peers.tls),
    history: base.peer(nornen.HistoryServiceService, peers.nornen, peers.tls),
    quality: base.peer(eikthyrnir.QualityServiceService, peers.eikthyrnir, peers.tls),
  };
}

function openRelay({ base, settings }: Parts, peers: ReturnType<typeof openPeers>, metrics: OutboxMetrics) {
  const { pollIntervalMs, maxPending } = settings.current().events;
  const logger = base.logger.module('events');
  const relay = createOutboxRelay({
    ...{ pool: base.pool, logger, metrics, pollIntervalMs, maxPending, hashPartitions: 2 },
    deliver: tracedDelivery(base.tracer, createDeliverEvents({ ...peers, logger })),
  });
  base.onClose('outbox relay', () => relay.stop());
  relay.start();
  return relay;
}
