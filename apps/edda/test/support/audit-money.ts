import { randomUUID } from 'node:crypto';
import { heidrun } from '@edda/contracts';
import { type clientOf } from '../../src/market/market-user.ts';

type Payments = ReturnType<typeof clientOf<typeof heidrun.PaymentServiceService>>;

/** Calls everything that bounds or moves money beside requests: as a user, as an operator and as a provider's owner. */
export async function useMoney(user: Payments, admin: Payments, owner: Payments): Promise<void> {
  const key = () => ({ idempotencyKey: randomUUID(), userId: '' });
  await user.setSpendingLimit({
    ...key(),
    spendingLimit: { dailyCents: undefined, monthlyCents: 1_000_000n, defaultMaxCostCents: undefined },
  });
  await user.setAutoTopUp(heidrun.SetAutoTopUpRequest.fromPartial({ ...key(), autoTopUp: { enabled: false } }));
  await user.setBudgetAlert({
    ...key(),
    budgetAlert: { monthlyBudgetCents: 1_000_000n, thresholdsPercent: [80, 100] },
  });
  await user.setNetting({ ...key(), enabled: false });
  await user.setPayoutSettings({
    ...key(),
    payoutSettings: { schedule: heidrun.PayoutSchedule.MANUAL, minimumCents: 0n },
  });
  const reason = 'an operator’s decision';
  const stranger = () => ({ idempotencyKey: randomUUID(), userId: 'carl', reason });
  await admin.setCreditLimit({ ...stranger(), creditLimitCents: 100n });
  await admin.freezeAccount({ ...stranger(), frozen: true });
  await admin.adjustBalance({ ...key(), accountId: 'earnings:otto', amountCents: 500n, reason });
  await owner.requestPayout({ ...key(), amountCents: 500n, paymentMethodId: '' });
}
