export { type CloseStack, createCloseStack } from './close-stack.ts';
export { serviceKitFaults } from './faults.ts';
export { outboxMetrics } from './outbox-metrics.ts';
export { type ServePlan } from './open-ports.ts';
export { openService, type OpenServiceOptions, type ServiceBase } from './open-service.ts';
export { describe, type MainOptions, runMain, type RunningService } from './run-main.ts';
export { type ServiceSecrets, serviceSecrets } from './service-secrets.ts';
export { peerAddress, peerTls, type PeerTls, serviceSettings, type ServiceSettings } from './service-settings.ts';
export {
  type ServedSettings,
  serveSettings,
  type ServeSettingsOptions,
  settingsRules,
} from './settings/serve-settings.ts';
export { tracedDelivery } from './traced-delivery.ts';
export { settingsTables, settingsTableSql } from './settings/settings-table-sql.ts';
