import { randomUUID } from 'node:crypto';
import { nornen, settings } from '@edda/contracts';
import { oneLine, type SettingsAccess, type SettingsPlace, withSettings } from './settings-access.ts';
import { headline, settingLines } from './settings-text.ts';

export interface SettingsChangeOptions extends SettingsPlace {
  reason: string;
  /** Of each service named. */
  expectedVersion?: number;
  dryRun?: boolean;
}

/** What one service made of the change. */
interface Outcome {
  service: string;
  snapshot?: settings.SettingsSnapshot | undefined;
  failure?: string;
}

/**
 * Stores a change in every service named, or nowhere if one refuses it, and prints the versions that came of it.
 * @throws Error on one line: the service, the reason and each field
 */
export async function settingsChange(
  changes: settings.SettingChange[],
  options: SettingsChangeOptions,
  print: (text: string) => void,
): Promise<void> {
  const outcomes = await withSettings(options, (access) => change(access, changes, options));
  const paths = new Set(changes.map(({ path }) => path));
  for (const { snapshot } of outcomes) {
    if (snapshot === undefined) continue;
    const { service, version } = snapshot;
    const head = options.dryRun === true ? `${service}  would become version ${version}` : headline(snapshot);
    print([head, ...settingLines(snapshot.settings.filter(({ path }) => paths.has(path))), ''].join('\n'));
  }
  const failed = outcomes.flatMap(({ service, failure }) => (failure === undefined ? [] : [`${service}: ${failure}`]));
  if (failed.length > 0) throw new Error(`${failed.join('; ')}; call again to store what is missing`);
}

async function change(
  { services, single, of, nornen: admin }: SettingsAccess,
  changes: settings.SettingChange[],
  { reason, expectedVersion: expected, dryRun = false }: SettingsChangeOptions,
): Promise<Outcome[]> {
  const expectedVersion = expected === undefined ? undefined : BigInt(expected);
  const common = { idempotencyKey: `edda-settings:${randomUUID()}`, reason, validateOnly: dryRun };
  try {
    if (single !== undefined) {
      const request = settings.UpdateSettingsRequest.fromPartial({ ...common, changes, expectedVersion });
      return [{ service: single, snapshot: (await of(single).updateSettings(request)).snapshot }];
    }
    const pushes = services.map((service) => ({ service, changes, expectedVersion }));
    const { results } = await admin().pushSettings(nornen.PushSettingsRequest.fromPartial({ ...common, pushes }));
    return results.map(({ service, snapshot, errorReason, errorMessage }) =>
      errorReason === '' ? { service, snapshot } : { service, failure: `${errorReason}: ${errorMessage}` },
    );
  } catch (error) {
    // Nornen names the service before each field.
    throw oneLine(error, single);
  }
}
