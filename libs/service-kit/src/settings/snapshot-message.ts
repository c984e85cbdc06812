import { settings as contract } from '@edda/contracts';
import { type SettingOrigin, type SettingState } from '@edda/settings';
import { type SettingsDeps } from './settings-deps.ts';

const originOnWire = {
  default: contract.SettingOrigin.DEFAULT,
  file: contract.SettingOrigin.FILE,
  start: contract.SettingOrigin.STARTUP,
  override: contract.SettingOrigin.OVERRIDE,
} as const satisfies Record<SettingOrigin, contract.SettingOrigin>;

/** A value as JSON; empty for none. */
const json = (value: unknown): string => (value === undefined ? '' : JSON.stringify(value));

function settingMessage({ field, value, origin, pending, wanted }: SettingState): contract.Setting {
  return {
    path: field.path,
    valueJson: json(value),
    defaultJson: json(field.default),
    origin: originOnWire[origin],
    description: field.description,
    exampleJson: json(field.example),
    restartRequired: field.reload === 'restart',
    restartPending: pending,
    pendingJson: pending && wanted !== undefined ? json(wanted) : undefined,
  };
}

export const settingMessages = (states: readonly SettingState[], pathPrefix = ''): contract.Setting[] =>
  states.filter(({ field }) => field.path.startsWith(pathPrefix)).map(settingMessage);

export const violationMessages = (
  violations: readonly { field: string; description: string }[],
): contract.SettingViolation[] => violations.map(({ field, description }) => ({ path: field, description }));

/** The settings in force on this replica. */
export function snapshotMessage(
  { settings, feed }: Pick<SettingsDeps, 'settings' | 'feed'>,
  pathPrefix = '',
): contract.SettingsSnapshot {
  return {
    service: settings.describe().service,
    version: feed.version(),
    settings: settingMessages(settings.states(), pathPrefix),
    appliedAt: feed.appliedAt(),
    rejectedReloads: BigInt(settings.rejectedReloads),
    ignoredOverrides: violationMessages(settings.ignoredOverrides),
  };
}
