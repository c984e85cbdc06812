import { settings } from '@edda/contracts';

const origins: Readonly<Record<number, string>> = {
  [settings.SettingOrigin.DEFAULT]: 'default',
  [settings.SettingOrigin.FILE]: 'file',
  [settings.SettingOrigin.STARTUP]: 'start',
  [settings.SettingOrigin.OVERRIDE]: 'override',
};

/** Where a value comes from, as documented: default, file, start or override. */
export const originText = ({ origin }: settings.Setting): string => origins[origin] ?? 'unknown';

/** A value as JSON; a setting without one shows so. */
const valueText = (json: string) => (json === '' ? 'none' : json);

/** One line: path, value, origin, and the value that waits for a restart. */
function settingLine(setting: settings.Setting, pathWidth: number): string {
  const { path, valueJson, restartPending, pendingJson } = setting;
  const waiting = restartPending ? `  ${valueText(pendingJson ?? '')} waits for a restart` : '';
  return `  ${path.padEnd(pathWidth)}  ${valueText(valueJson)}  ${originText(setting)}${waiting}`;
}

export function settingLines(shown: readonly settings.Setting[]): string[] {
  const width = Math.max(0, ...shown.map(({ path }) => path.length));
  return shown.map((setting) => settingLine(setting, width));
}

/** The first line of a service. @param storedVersion newest version stored, if it was asked for */
export function headline({ service, version, appliedAt }: settings.SettingsSnapshot, storedVersion?: bigint): string {
  const behind = storedVersion === undefined || storedVersion <= version ? '' : `, ${storedVersion} is stored`;
  const since = appliedAt === undefined ? '' : `, in force since ${appliedAt.toISOString()}`;
  return `${service}  version ${version}${behind}${since}`;
}

/** Stored values that are not in force in this version of the service. */
export const ignoredLines = ({ ignoredOverrides }: settings.SettingsSnapshot): string[] =>
  ignoredOverrides.map(({ path, description }) => `  ${path}  stored, but ignored: ${description}`);

/** Settings that differ in anything between two snapshots. */
export function changedSettings(
  before: settings.SettingsSnapshot,
  after: settings.SettingsSnapshot,
): settings.Setting[] {
  const known = new Map(before.settings.map((setting) => [setting.path, JSON.stringify(setting)]));
  return after.settings.filter((setting) => known.get(setting.path) !== JSON.stringify(setting));
}
