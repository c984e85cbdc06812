import { heidrun } from '@edda/contracts';
import { type Handlers, type MethodRule, type RulesTable } from '@edda/grpc-kit';
import { createAdjustBalance } from './accounts/adjust-balance.ts';
import { createFreezeAccount } from './accounts/freeze-account.ts';
import { createSetCreditLimit } from './accounts/set-credit-limit.ts';
import { createAddPaymentMethod } from './add-payment-method.ts';
import { createRemovePaymentMethod, createSetDefaultPaymentMethod } from './change-payment-method.ts';
import { createCheckPaymentReadiness } from './check-payment-readiness.ts';
import { createGetBalance } from './get-balance.ts';
import { createListPaymentMethods } from './list-payment-methods.ts';
import { createSetAutoTopUp } from './money-settings/set-auto-top-up.ts';
import { createSetBudgetAlert } from './money-settings/set-budget-alert.ts';
import { createSetNetting } from './money-settings/set-netting.ts';
import { createSetPayoutSettings } from './money-settings/set-payout-settings.ts';
import { createSetSpendingLimit } from './money-settings/set-spending-limit.ts';
import { type PaymentDeps } from './payment-deps.ts';
import { createListPayouts } from './payouts/list-payouts.ts';
import { createPayouts, type Payouts } from './payouts/payouts.ts';
import { createRequestPayout } from './payouts/request-payout.ts';
import { createTopUp } from './top-up.ts';
import { createTopUps, type TopUps } from './top-ups.ts';
import { createVerifyPaymentMethod } from './verify-payment-method.ts';
import { createHandlePaymentWebhook } from './webhooks/handle-payment-webhook.ts';

export interface PaymentParts {
  topUps?: TopUps;
  payouts?: Payouts;
}

/** PaymentService. */
export function createPaymentHandlers(
  deps: PaymentDeps,
  { topUps = createTopUps(deps), payouts = createPayouts(deps) }: PaymentParts = {},
): Handlers<typeof heidrun.PaymentServiceService> {
  return {
    addPaymentMethod: createAddPaymentMethod(deps),
    verifyPaymentMethod: createVerifyPaymentMethod(deps),
    setDefaultPaymentMethod: createSetDefaultPaymentMethod(deps),
    removePaymentMethod: createRemovePaymentMethod(deps),
    listPaymentMethods: createListPaymentMethods(deps),
    checkPaymentReadiness: createCheckPaymentReadiness(deps),
    topUp: createTopUp(deps, topUps),
    getBalance: createGetBalance(deps),
    requestPayout: createRequestPayout(deps, payouts),
    listPayouts: createListPayouts(deps),
    setPayoutSettings: createSetPayoutSettings(deps),
    setSpendingLimit: createSetSpendingLimit(deps),
    setAutoTopUp: createSetAutoTopUp(deps),
    setBudgetAlert: createSetBudgetAlert(deps),
    setNetting: createSetNetting(deps),
    adjustBalance: createAdjustBalance(deps),
    setCreditLimit: createSetCreditLimit(deps),
    freezeAccount: createFreezeAccount(deps),
    handlePaymentWebhook: createHandlePaymentWebhook(deps),
  };
}

const methods = heidrun.PaymentServiceService;
const admins: MethodRule = { roles: ['admin'] };
const reserved: Partial<Record<keyof typeof methods, MethodRule>> = {
  adjustBalance: admins,
  setCreditLimit: admins,
  freezeAccount: admins,
  handlePaymentWebhook: { roles: ['service'], subjects: ['njordr'] },
};

/** Who may call PaymentService: users for themselves, services for users, admins; see `reserved` for the rest. */
export const paymentRules: RulesTable = Object.fromEntries(
  (Object.keys(methods) as (keyof typeof methods)[]).map((name) => [
    methods[name].path,
    reserved[name] ?? { roles: ['user', 'provider', 'service', 'admin'] },
  ]),
);
