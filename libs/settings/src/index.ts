export { createSettings } from './create-settings.ts';
export { defineSettings, type SettingsDefinition, type SettingsOf, type SettingsSchema } from './define-settings.ts';
export { settingsFaults } from './faults.ts';
export { logSettings } from './log-settings.ts';
export { type SecretDeclaration, type Secrets, secretsFromEnv } from './secrets-from-env.ts';
export { type Reload, type SettingField } from './setting-fields.ts';
export { type Overrides } from './overrides.ts';
export { type SettingState } from './setting-states.ts';
export { secretsMarkdownTable, settingsMarkdownTable } from './settings-table.ts';
export {
  type DeepPartial,
  type ReloadResult,
  type SettingChanges,
  type SettingOrigin,
  type Settings,
  type SettingsLogger,
  type SettingsOptions,
  type UpdatePlan,
} from './settings-types.ts';
export { type FileWatchOptions } from './watch-file.ts';
