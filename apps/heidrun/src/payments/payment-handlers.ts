import { heidrun } from '@edda/contracts';
import { type Handlers, type MethodRule, type RulesTable } from '@edda/grpc-kit';
import { createAddPaymentMethod } from './add-payment-method.ts';
import { createRemovePaymentMethod, createSetDefaultPaymentMethod } from './change-payment-method.ts';
import { createCheckPaymentReadiness } from './check-payment-readiness.ts';
import { createGetBalance } from './get-balance.ts';
import { createListPaymentMethods } from './list-payment-methods.ts';
import { type PaymentDeps } from './payment-deps.ts';
import { createTopUp } from './top-up.ts';
import { createTopUps, type TopUps } from './top-ups.ts';
import { createVerifyPaymentMethod } from './verify-payment-method.ts';

/** PaymentService. Payouts, limits, netting, corrections and webhooks come with a later version. */
export function createPaymentHandlers(
  deps: PaymentDeps,
  topUps: TopUps = createTopUps(deps),
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
