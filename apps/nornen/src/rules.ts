import { type RulesTable } from '@edda/grpc-kit';
import { settingsRules } from '@edda/service-kit';

const everyone = ['user', 'provider', 'service', 'admin'] as const;
const decision = '/edda.nornen.v1.DecisionService';
const history = '/edda.nornen.v1.HistoryService';
const live = '/edda.nornen.v1.LiveService';
const analytics = '/edda.nornen.v1.AnalyticsService';
const userConfig = '/edda.nornen.v1.UserConfigService';
const admin = '/edda.nornen.v1.AdminService';
const audit = '/edda.audit.v1.AuditService';

/** Who may call what, as the contract’s comments say. Whose rows a caller sees is each handler’s own matter. */
export const rules: RulesTable = {
  [`${decision}/DecideProviderRegistration`]: { roles: ['service'] },
  [`${decision}/DecideRequest`]: { roles: ['service'] },
  [`${decision}/ListDecisions`]: { roles: everyone },
  [`${decision}/OverrideDecision`]: { roles: ['admin'] },
  [`${decision}/ReplayDecision`]: { roles: ['service', 'admin'] },
  [`${decision}/WatchPolicies`]: { roles: ['service', 'admin'], longLived: true },
  [`${history}/IngestEvents`]: { roles: ['service'] },
  [`${history}/QueryHistory`]: { roles: everyone },
  [`${history}/WatchEvents`]: { roles: everyone, longLived: true },
  [`${live}/GetLiveStats`]: { roles: ['service', 'admin'] },
  [`${live}/WatchLiveStats`]: { roles: ['service', 'admin'], longLived: true },
  [`${analytics}/GetProviderAnalytics`]: { roles: everyone },
  [`${analytics}/GetRequesterAnalytics`]: { roles: ['user', 'service', 'admin'] },
  [`${analytics}/GetTrends`]: { roles: ['service', 'admin'] },
  [`${userConfig}/GetUserConfig`]: { roles: everyone },
  [`${userConfig}/PutUserConfig`]: { roles: ['user', 'provider', 'service'] },
  [`${admin}/GetDashboard`]: { roles: ['admin'] },
  [`${admin}/GetSystemHealth`]: { roles: ['admin'] },
  [`${admin}/CollectSettings`]: { roles: ['admin'] },
  [`${admin}/PushSettings`]: { roles: ['admin'] },
  ...settingsRules,
  [`${audit}/ListAuditRecords`]: { roles: ['admin'] },
  [`${audit}/VerifyAudit`]: { roles: ['admin'] },
};
