import { audit, heidrun } from '@edda/contracts';
import { type MethodRule, type RpcService, type RulesTable } from '@edda/grpc-kit';
import { settingsRules } from '@edda/service-kit';
import { paymentRules } from './payments/payment-handlers.ts';
import { tokenRules } from './tokens/token-handlers.ts';

const everyone: MethodRule = { roles: ['user', 'provider', 'service', 'admin'] };
const operators: MethodRule = { roles: ['service', 'admin'] };
const admins: MethodRule = { roles: ['admin'] };
/** A transaction's money moves at Njörðr's word alone. */
const onlyNjordr: MethodRule = { roles: ['service'], subjects: ['njordr'] };

/** A rule for each method of a service; the type makes a forgotten one an error. */
function rulesOf<Service extends RpcService>(service: Service, rules: Record<keyof Service, MethodRule>): RulesTable {
  return Object.fromEntries(Object.entries(service).map(([name, { path }]) => [path, rules[name as keyof Service]]));
}

/** Who may call what; which accounts a caller sees is decided by the handlers. */
export const rules: RulesTable = {
  ...tokenRules,
  ...paymentRules,
  ...rulesOf(heidrun.PricingServiceService, {
    calculatePricing: everyone,
    quoteCost: everyone,
    setPricingConfig: operators,
    getPricingConfig: everyone,
    listPricingConfigs: everyone,
  }),
  ...rulesOf(heidrun.SettlementServiceService, {
    calculateSettlement: everyone,
    batchCalculateSettlement: everyone,
    refund: onlyNjordr,
    getSettlementHistory: everyone,
  }),
  ...rulesOf(heidrun.PreAuthServiceService, {
    preAuthorize: onlyNjordr,
    capturePreAuth: onlyNjordr,
    cancelPreAuth: onlyNjordr,
    getPreAuth: everyone,
    listPreAuths: operators,
  }),
  ...rulesOf(heidrun.LedgerServiceService, {
    getAccount: everyone,
    listTransfers: everyone,
    verifyLedger: operators,
  }),
  ...settingsRules,
  ...rulesOf(audit.AuditServiceService, { listAuditRecords: admins, verifyAudit: admins }),
};
