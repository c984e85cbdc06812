import { settings as contract } from '@edda/contracts';
import { implement, type RulesTable, type ServiceEntry } from '@edda/grpc-kit';
import { type Settings } from '@edda/settings';
import { type Clock, type Metrics } from '@edda/telemetry';
import { type ServiceBase } from '../open-service.ts';
import { type ServiceSettings } from '../service-settings.ts';
import { createGetSettings } from './get-settings.ts';
import { createReloadSettings } from './reload-settings.ts';
import { type SettingsDeps } from './settings-deps.ts';
import { createSettingsFeed, type SettingsFeed } from './settings-feed.ts';
import { createUpdateSettings } from './update-settings.ts';
import { createWatchSettings } from './watch-settings.ts';

export interface ServeSettingsOptions extends Pick<SettingsDeps, 'announce' | 'onStored'> {
  settings: Settings<ServiceSettings>;
  clock: Clock;
}

/** The service's SettingsService, and the unary handlers for whoever asks without a network between. */
export interface ServedSettings {
  entry: ServiceEntry;
  getSettings: ReturnType<typeof createGetSettings>;
  updateSettings: ReturnType<typeof createUpdateSettings>;
}

const TOPIC = 'settings';

const { getSettings, updateSettings, reloadSettings, watchSettings } = contract.SettingsServiceService;

/** Who may call SettingsService. Of the services only Nornen may update, which the method itself checks. */
export const settingsRules: RulesTable = {
  [getSettings.path]: { roles: ['admin', 'service'] },
  [updateSettings.path]: { roles: ['admin', 'service'] },
  [reloadSettings.path]: { roles: ['admin'] },
  [watchSettings.path]: { roles: ['admin', 'service'], longLived: true },
};

/** Serves a service's own settings and follows what other replicas change; ends with the service. */
export async function serveSettings(base: ServiceBase, options: ServeSettingsOptions): Promise<ServedSettings> {
  const logger = base.logger.module('settings');
  const feed = createSettingsFeed({ ...options, pool: base.pool, logger });
  base.onClose('settings feed', () => feed.close());
  await feed.refresh();
  feed.start();
  base.onClose('count of refused settings', showMetrics(base.metrics, options.settings, feed));
  const nudgeOthers = nudges(base, feed);
  const onStored = () => {
    nudgeOthers();
    options.onStored?.();
  };
  const deps: SettingsDeps = { ...options, pool: base.pool, feed, logger, onStored };
  const get = createGetSettings(deps);
  const update = createUpdateSettings(deps);
  return {
    entry: implement(contract.SettingsServiceService, {
      getSettings: get,
      updateSettings: update,
      reloadSettings: createReloadSettings(deps),
      watchSettings: createWatchSettings(deps),
    }),
    getSettings: get,
    updateSettings: update,
  };
}

/** Over the bus replicas hear of a new version at once; without it, with their next poll. @returns tells the others */
function nudges(base: ServiceBase, feed: SettingsFeed): () => void {
  const { redis, logger } = base;
  const look = () =>
    void feed.refresh().catch((error: unknown) => logger.warn({ err: error }, 'changed settings not looked up'));
  const stop = redis.bus.subscribe(TOPIC, { onMessage: look, onSync: look });
  base.onClose('nudges for settings', stop);
  return () => void redis.bus.publish(TOPIC, 'changed');
}

/** @returns stops counting */
function showMetrics(metrics: Metrics, settings: Settings<ServiceSettings>, feed: SettingsFeed): () => void {
  metrics.gauge({
    name: 'edda_settings_version',
    help: 'Version of the stored settings in force on this replica.',
    collect: (gauge) => gauge.set(Number(feed.version())),
  });
  metrics.gauge({
    name: 'edda_settings_ignored_overrides',
    help: 'Stored settings that are not in force because this version finds them invalid.',
    collect: (gauge) => gauge.set(settings.ignoredOverrides.length),
  });
  metrics.gauge({
    name: 'edda_settings_pending_restart',
    help: 'Settings whose new value waits for a restart.',
    collect: (gauge) => gauge.set(settings.pendingRestart.length),
  });
  const rejected = metrics.counter({
    name: 'edda_settings_rejected_total',
    help: 'Settings refused since the start; the values before stayed in force.',
  });
  rejected.inc(settings.rejectedReloads);
  return settings.onAttempt(({ applied }) => {
    if (!applied) rejected.inc();
  });
}
