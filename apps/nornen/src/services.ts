import { nornen } from '@edda/contracts';
import { implement, type ServiceEntry } from '@edda/grpc-kit';
import { type ServedSettings } from '@edda/service-kit';
import { type AdminDeps } from './admin/admin-deps.ts';
import { collectSettings } from './admin/collect-settings.ts';
import { getSystemHealth } from './admin/get-system-health.ts';
import { pushSettings } from './admin/push-settings.ts';
import { decideProviderRegistration } from './decisions/decide-provider-registration.ts';
import { decideRequest } from './decisions/decide-request.ts';
import { listDecisions } from './decisions/list-decisions.ts';
import { type DecisionDeps } from './decisions/make-decision.ts';
import { type PrismaClient } from './gen/prisma/client.ts';
import { ingestEvents } from './history/ingest-events.ts';
import { queryHistory } from './history/query-history.ts';
import { type WatchEventsDeps, watchEvents } from './history/watch-events.ts';
import { watchPolicies } from './policies/watch-policies.ts';

export interface ServiceDeps extends DecisionDeps, WatchEventsDeps, AdminDeps {
  prisma: PrismaClient;
  signOfLifeMs: () => number;
  /** AuditService. */
  audit: ServiceEntry;
  settingsService: ServedSettings;
}

/** Everything Nornen serves; what has no handler yet answers UNIMPLEMENTED. */
export function nornenServices(deps: ServiceDeps): ServiceEntry[] {
  return [
    implement(nornen.DecisionServiceService, {
      decideProviderRegistration: decideProviderRegistration(deps),
      decideRequest: decideRequest(deps),
      listDecisions: listDecisions(deps),
      watchPolicies: watchPolicies(deps),
    }),
    implement(nornen.HistoryServiceService, {
      ingestEvents: ingestEvents({ ...deps, onStored: () => deps.feed.ring() }),
      queryHistory: queryHistory(deps),
      watchEvents: watchEvents(deps),
    }),
    implement(nornen.LiveServiceService, {}),
    implement(nornen.AnalyticsServiceService, {}),
    implement(nornen.UserConfigServiceService, {}),
    implement(nornen.AdminServiceService, {
      getSystemHealth: getSystemHealth(deps),
      collectSettings: collectSettings(deps),
      pushSettings: pushSettings(deps),
    }),
    deps.settingsService.entry,
    deps.audit,
  ];
}
