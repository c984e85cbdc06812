import { setTimeout as sleep } from 'node:timers/promises';
import { type settings } from '@edda/contracts';
import { asFault } from '@edda/faults';
import { oneLine, type SettingsAccess, type SettingsPlace, type ServiceName, withSettings } from './settings-access.ts';
import { changedSettings, headline, settingLines } from './settings-text.ts';

/** A stream that ends for one of these is opened again: the token was renewed, the service restarts. */
const passing: ReadonlySet<string> = new Set(['TOKEN_EXPIRED', 'DRAINING', 'DEPENDENCY_UNAVAILABLE', 'CANCELLED']);
const AGAIN_AFTER_MS = 1_000;

/**
 * Prints the version of each service named, then every change until `stop` aborts; a service that goes away is
 * watched again when it is back.
 * @throws Error when a service refuses to be watched
 */
export async function settingsWatch(
  prefix: string,
  options: SettingsPlace,
  print: (text: string) => void,
  stop: AbortSignal,
): Promise<void> {
  await withSettings(options, async (access) => {
    const failed = new AbortController();
    const signal = AbortSignal.any([stop, failed.signal]);
    const watching = access.services.map((service) => watchOne(access, service, { prefix, print, signal }));
    try {
      await Promise.all(watching);
    } finally {
      failed.abort();
      await Promise.allSettled(watching);
    }
  });
}

interface Watching {
  prefix: string;
  print: (text: string) => void;
  signal: AbortSignal;
}

async function watchOne(
  access: SettingsAccess,
  service: ServiceName,
  { prefix, print, signal }: Watching,
): Promise<void> {
  const client = access.of(service);
  const endless = { signal, deadlineMs: Infinity };
  let last: settings.SettingsSnapshot | undefined;
  let away = false;
  while (!signal.aborted) {
    try {
      for await (const { snapshot } of client.watchSettings({ pathPrefix: prefix }, endless)) {
        if (snapshot === undefined) continue;
        const changed = last === undefined ? [] : changedSettings(last, snapshot);
        const isNew = last?.version !== snapshot.version || changed.length > 0 || away;
        if (isNew) print([headline(snapshot), ...settingLines(changed), ''].join('\n'));
        last = snapshot;
        away = false;
      }
    } catch (error) {
      if (signal.aborted) return;
      const { reason } = asFault(error);
      if (!passing.has(reason)) throw oneLine(error, service);
      if (!away && reason !== 'TOKEN_EXPIRED')
        print(`${service}  is away (${reason}), watched again when it is back\n`);
      away = true;
    }
    await sleep(AGAIN_AFTER_MS, undefined, { signal }).catch(() => undefined);
  }
}
