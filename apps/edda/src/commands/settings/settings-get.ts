import { type settings } from '@edda/contracts';
import { type SettingsAccess, type SettingsPlace, oneLine, withSettings } from './settings-access.ts';
import { headline, ignoredLines, originText, settingLines } from './settings-text.ts';

export interface SettingsGetOptions extends SettingsPlace {
  json?: boolean;
  /** Only what is not the default. */
  changed?: boolean;
}

interface Found {
  service: string;
  snapshot?: settings.SettingsSnapshot;
  storedVersion?: bigint | undefined;
  /** Why it could not be asked. */
  failure?: string;
}

/**
 * Prints settings in force whose path begins with `prefix`.
 * @throws Error when a service could not be asked, or no setting matches
 */
export async function settingsGet(
  prefix: string,
  options: SettingsGetOptions,
  print: (text: string) => void,
): Promise<void> {
  const found = await withSettings(options, (access) => find(access));
  const shown = found.flatMap(({ service, snapshot, storedVersion }) => {
    const matching = (snapshot?.settings ?? []).filter((setting) => setting.path.startsWith(prefix));
    const chosen = options.changed === true ? matching.filter((one) => originText(one) !== 'default') : matching;
    if (snapshot === undefined || matching.length === 0) return [];
    return [{ service, snapshot, storedVersion, chosen }];
  });
  if (options.json === true) print(`${JSON.stringify(shown.map(asJson), null, 2)}\n`);
  else {
    for (const { snapshot, storedVersion, chosen } of shown) {
      print([headline(snapshot, storedVersion), ...settingLines(chosen), ...ignoredLines(snapshot), ''].join('\n'));
    }
  }
  const failed = found.flatMap(({ service, failure }) => (failure === undefined ? [] : [`${service}: ${failure}`]));
  if (failed.length > 0) throw new Error(failed.join('; '));
  if (shown.length === 0) throw new Error(`${prefix}: no setting begins with this`);
}

async function find({ services, single, of, nornen }: SettingsAccess): Promise<Found[]> {
  if (single !== undefined) {
    const { snapshot, storedVersion } = await of(single)
      .getSettings({ pathPrefix: '' })
      .catch((error: unknown) => {
        throw oneLine(error, single);
      });
    return [{ service: single, ...(snapshot && { snapshot }), storedVersion }];
  }
  const { services: collected } = await nornen()
    .collectSettings({ services: [...services] })
    .catch((error: unknown) => {
      throw oneLine(error, 'nornen');
    });
  return collected.map(({ service, snapshot, errorReason, errorMessage }) =>
    snapshot === undefined ? { service, failure: `${errorReason}: ${errorMessage}` } : { service, snapshot },
  );
}

function asJson({
  service,
  snapshot,
  chosen,
}: {
  service: string;
  snapshot: settings.SettingsSnapshot;
  chosen: settings.Setting[];
}) {
  const value = (json: string) => (json === '' ? null : (JSON.parse(json) as unknown));
  return {
    service,
    version: Number(snapshot.version),
    settings: chosen.map((setting) => ({
      path: setting.path,
      value: value(setting.valueJson),
      default: value(setting.defaultJson),
      origin: originText(setting),
      restart_required: setting.restartRequired,
      ...(setting.restartPending && { pending: value(setting.pendingJson ?? '') }),
    })),
  };
}
