import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import { openService, type RunningService, serveSettings, type ServiceBase, serviceSecrets } from '@edda/service-kit';
import { createSettings, type DeepPartial, type SecretDeclaration, type Secrets, type Settings } from '@edda/settings';
import { type Clock, type Logger, systemClock } from '@edda/telemetry';
import { createServiceAccess } from './admin/service-access.ts';
import { PrismaClient } from './gen/prisma/client.ts';
import { createEventFeed } from './history/event-feed.ts';
import { storeEvents } from './history/event-store.ts';
import { ownEvent } from './history/own-event.ts';
import { createNornenMetrics } from './nornen-metrics.ts';
import { openPolicies } from './policies/open-policies.ts';
import { rules } from './rules.ts';
import { nornenServices } from './services.ts';
import { type NornenSettings, settingsSchema } from './settings.ts';
import { sweepKeys } from './sweep-keys.ts';

const migrationsDirectory = join(import.meta.dirname, '../prisma/migrations');

/** What Nornen takes from its environment: what every service does. */
export const nornenSecrets = { ...serviceSecrets } as const satisfies Record<string, SecretDeclaration>;

export interface NornenOptions {
  /** Win over the settings file. */
  settings?: DeepPartial<NornenSettings>;
  settingsFile?: string;
  /** Stored restart-only settings wait; for one that keeps the service from starting. */
  ignoreOverrides?: boolean;
  secrets: Secrets<typeof nornenSecrets>;
  logger?: Logger;
  clock?: Clock;
}

/** Starts Nornen. @throws when something it needs is missing or wrong; nothing stays open then */
export async function run(options: NornenOptions): Promise<RunningService> {
  const { logger, secrets, ignoreOverrides } = options;
  const settings = await createSettings({
    schema: settingsSchema,
    ...(options.settingsFile !== undefined && { file: options.settingsFile }),
    ...(options.settings && { overrides: options.settings }),
    ...(logger && { logger: logger.module('settings') }),
  });
  try {
    const base = await openService({
      ...{ name: 'nornen', settings, secrets, migrationsDirectory, logger, ignoreOverrides },
    });
    base.onClose('settings', () => settings.close());
    try {
      return { ports: await serve(base, settings, options.clock ?? systemClock), close: () => base.close() };
    } catch (error) {
      await base.close();
      throw error;
    }
  } catch (error) {
    settings.close();
    throw error;
  }
}

async function serve(base: ServiceBase, settings: Settings<NornenSettings>, clock: Clock) {
  const { pool } = base;
  const metrics = createNornenMetrics(base.metrics);
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) });
  base.onClose('prisma', () => prisma.$disconnect());
  base.onClose('key sweeper', sweepKeys({ pool, clock, logger: base.logger }));
  const policies = await openPolicies({
    pool,
    settings,
    clock,
    logger: base.logger.module('policies'),
    onVersion: (version) => metrics.policyVersion.set(Number(version)),
  });
  base.onClose('policies', () => policies.close());
  const { book } = policies;
  const settingsService = await serveSettings(base, {
    ...{ settings, clock },
    announce: (client, event, version) => storeEvents(client, [ownEvent(event, version)]),
  });
  const feed = createEventFeed({
    pool,
    logger: base.logger.module('history'),
    pollMs: () => settings.current().history.watchPollMs,
  });
  base.onClose('event feed', () => feed.close());
  const services = nornenServices({
    ...{ feed, watching: () => settings.current().history },
    ...{ pool, book, metrics, clock, prisma, settingsService },
    access: createServiceAccess(base, () => settings.current().peers, settingsService),
    peerDeadlineMs: () => settings.current().admin.peerDeadlineMs,
    newId: randomUUID,
    audit: base.audit.service,
    signOfLifeMs: () => settings.current().policies.signOfLifeMs,
  });
  return base.serve({ services, rules, checks: { policies: () => book.current() !== undefined } });
}
