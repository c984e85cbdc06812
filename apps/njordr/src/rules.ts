import { audit, njordr } from '@edda/contracts';
import { type MethodRule, type RpcService, type RulesTable } from '@edda/grpc-kit';
import { settingsRules } from '@edda/service-kit';
import { linkRules } from './link/create-link-handlers.ts';
import { providerRules } from './providers/create-provider-handlers.ts';
import { replicaRules } from './replicas/create-replica-handlers.ts';

const users: MethodRule = { roles: ['user'] };
const usersOrAdmins: MethodRule = { roles: ['user', 'admin'] };
const parties: MethodRule = { roles: ['user', 'provider', 'admin'] };
const everyone: MethodRule = { roles: ['user', 'provider', 'service', 'admin'] };
const admins: MethodRule = { roles: ['admin'] };

/** A rule for each method of a service; the type makes a forgotten one an error. */
function rulesOf<Service extends RpcService>(service: Service, rules: Record<keyof Service, MethodRule>): RulesTable {
  return Object.fromEntries(Object.entries(service).map(([name, { path }]) => [path, rules[name as keyof Service]]));
}

/** One rule for all methods of a service. */
function allOf(service: RpcService, rule: MethodRule): RulesTable {
  return Object.fromEntries(Object.values(service).map(({ path }) => [path, rule]));
}

/** Who may call what; which objects a caller sees is decided by the handlers. A service acts for a user by edda-act-as. */
export const rules: RulesTable = {
  ...providerRules,
  ...linkRules,
  ...replicaRules,
  ...rulesOf(njordr.ComputeServiceService, {
    quoteRequest: users,
    createRequest: users,
    // An answer may take minutes; its own deadline and the hold's end it. A drain lets it finish.
    executeRequest: { roles: ['user'], longLived: true, endsOnDrain: false },
    getRequest: usersOrAdmins,
    cancelRequest: usersOrAdmins,
    explainRouting: parties,
  }),
  ...rulesOf(njordr.TransactionServiceService, {
    getTransaction: parties,
    listTransactions: parties,
    refundTransaction: { roles: ['provider', 'admin'] },
    openDispute: users,
    addDisputeEvidence: parties,
    resolveDispute: usersOrAdmins,
    getDispute: parties,
  }),
  ...allOf(njordr.ApiKeyServiceService, usersOrAdmins),
  ...allOf(njordr.AdminServiceService, admins),
  ...allOf(njordr.CatalogServiceService, everyone),
  ...rulesOf(njordr.AnalyticsServiceService, {
    getProviderAnalytics: parties,
    getRequesterAnalytics: usersOrAdmins,
    getMarketplaceStatistics: everyone,
  }),
  ...settingsRules,
  ...allOf(audit.AuditServiceService, admins),
};
