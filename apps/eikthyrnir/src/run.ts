import { eikthyrnir, njordr } from '@edda/contracts';
import { implement } from '@edda/grpc-kit';
import { openService, type RunningService, serveSettings, type ServiceBase, serviceSecrets } from '@edda/service-kit';
import { createSettings, type DeepPartial, type Secrets, type Settings } from '@edda/settings';
import { type Clock, type Logger, systemClock } from '@edda/telemetry';
import { PrismaPg } from '@prisma/adapter-pg';
import { join } from 'node:path';
import { PrismaClient } from './gen/prisma/client.ts';
import { createEikthyrnirMetrics } from './metrics.ts';
import { createListObservations } from './observations/list-observations.ts';
import { createRequireOwn } from './observations/own-provider.ts';
import { createRecordObservations, type RecordDeps } from './observations/record-observations.ts';
import { startRetentionSweep } from './observations/retention-sweep.ts';
import { createStreamObservations } from './observations/stream-observations.ts';
import { createBatchGetQuality, createGetQuality } from './published/get-quality.ts';
import { rules } from './rules.ts';
import { settingsSchema, type EikthyrnirSettings } from './settings.ts';
import { createQualityFeed } from './watch/quality-feed.ts';
import { createWatchQuality } from './watch/watch-quality.ts';

/** The environment variables Eikthyrnir reads. */
export const secrets = { ...serviceSecrets } as const;

export interface RunOptions {
  /** Win over the file. */
  settings?: DeepPartial<EikthyrnirSettings>;
  settingsFile?: string;
  /** Stored restart-only settings wait; for one that keeps the service from starting. */
  ignoreOverrides?: boolean;
  secrets: Secrets<typeof secrets>;
  logger?: Logger;
  clock?: Clock;
}

/** Starts Eikthyrnir: migrates its database, opens its ports. The only place that constructs things. */
export async function run(options: RunOptions): Promise<RunningService> {
  const { clock = systemClock } = options;
  const settings = await createSettings({
    schema: settingsSchema,
    ...(options.settings !== undefined && { overrides: options.settings }),
    ...(options.settingsFile !== undefined && { file: options.settingsFile }),
    ...(options.logger !== undefined && { logger: options.logger }),
  });
  const base = await openService({
    name: 'eikthyrnir',
    settings,
    secrets: options.secrets,
    migrationsDirectory: join(import.meta.dirname, '../prisma/migrations'),
    logger: options.logger,
    ignoreOverrides: options.ignoreOverrides,
  }).catch((error: unknown) => {
    settings.close();
    throw error;
  });
  base.onClose('settings', () => settings.close());
  try {
    const entry = qualityService(base, settings, clock);
    const settingsService = await serveSettings(base, { settings, clock });
    const ports = await base.serve({ services: [entry, settingsService.entry, base.audit.service], rules });
    return { ports, close: () => base.close() };
  } catch (error) {
    await base.close();
    throw error;
  }
}

function qualityService(base: ServiceBase, settings: Settings<EikthyrnirSettings>, clock: Clock) {
  const { pool } = base;
  const derived = derivedSettings(settings);
  const metrics = createEikthyrnirMetrics(base.metrics);
  const feed = createQualityFeed({
    pool,
    logger: base.logger.module('watch'),
    pollMs: () => settings.current().watch.pollMs,
    onWatchers: (open) => metrics.watchers(open),
  });
  base.onClose('quality feed', () => feed.close());
  const sweep = startRetentionSweep({
    pool,
    clock,
    logger: base.logger.module('retention'),
    settings: () => settings.current().observations,
  });
  base.onClose('retention sweep', () => sweep.close());
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) });
  base.onClose('prisma', () => prisma.$disconnect());
  const { tls } = settings.current().peers;
  const njordrAt = () => settings.current().peers.njordr;
  const requireOwn = createRequireOwn(base.peerAt(njordr.ProviderServiceService, njordrAt, { tls }));
  const { rules: recordRules, bounds, watch } = derived;
  const recording: RecordDeps = { pool, clock, rules: recordRules, bounds, metrics, onImportant: () => feed.ring() };
  const reading = { pool, clock, weighing: recordRules };
  return implement(eikthyrnir.QualityServiceService, {
    recordObservations: createRecordObservations(recording),
    streamObservations: createStreamObservations(recording),
    getQuality: createGetQuality(reading),
    batchGetQuality: createBatchGetQuality(reading),
    watchQuality: createWatchQuality({ ...reading, feed, metrics, settings: watch }),
    listObservations: createListObservations({ prisma, requireOwn }),
  });
}

/** Settings in the units the rules use, taken anew with every call. */
function derivedSettings(settings: Settings<EikthyrnirSettings>) {
  return {
    rules: () => {
      const { quality, watch } = settings.current();
      return {
        halfLifeMs: quality.halfLifeHours * 3_600_000,
        priorCount: quality.priorObservations,
        failureStreak: quality.failureStreak,
        movedBy: quality.movedBy,
        batchMs: watch.batchMs,
      };
    },
    bounds: () => {
      const { maxAgeHours, maxAheadSeconds } = settings.current().observations;
      return { maxAgeMs: maxAgeHours * 3_600_000, maxAheadMs: maxAheadSeconds * 1_000 };
    },
    watch: () => {
      const { batchMs, signOfLifeSeconds, maxPendingKeys } = settings.current().watch;
      return { batchMs, signOfLifeMs: signOfLifeSeconds * 1_000, maxPendingKeys };
    },
  };
}
