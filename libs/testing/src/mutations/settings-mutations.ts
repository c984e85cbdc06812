import { type PreparedMutation } from './assert-one-effect.ts';

/** SettingsService as its generated client has it. */
interface SettingsClient {
  updateSettings(request: {
    idempotencyKey: string;
    changes: { path: string; valueJson: string | undefined }[];
    expectedVersion: undefined;
    reason: string;
    validateOnly: boolean;
  }): Promise<unknown>;
  reloadSettings(request: { idempotencyKey: string }): Promise<unknown>;
}

/** The mutations of SettingsService, which every service has. @param client of a caller with the role admin */
export function settingsMutations(client: SettingsClient): Readonly<Record<string, () => Promise<PreparedMutation>>> {
  const update = (idempotencyKey: string, reason: string) =>
    client.updateSettings({
      ...{ idempotencyKey, reason, expectedVersion: undefined, validateOnly: false },
      changes: [{ path: 'log.level', valueJson: '"warn"' }],
    });
  return {
    'settings.v1.SettingsService/UpdateSettings': () =>
      Promise.resolve({ call: (key) => update(key, 'less noise'), conflicting: (key) => update(key, 'no reason') }),
    // Nothing but the key: there is no other content.
    'settings.v1.SettingsService/ReloadSettings': () =>
      Promise.resolve({ call: (idempotencyKey) => client.reloadSettings({ idempotencyKey }) }),
  };
}
