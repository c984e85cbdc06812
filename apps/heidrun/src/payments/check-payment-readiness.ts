import { heidrun } from '@edda/contracts';
import { invalidInput } from '@edda/faults';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { inTransaction } from '@edda/pg-kit';
import { z } from 'zod';
import { fields } from '../fields.ts';
import { type UserKey } from '../ledger/account-names.ts';
import { accountOf } from './account-of.ts';
import { lockUserMethods } from './method-changes.ts';
import { type PaymentDeps } from './payment-deps.ts';
import { type Readiness, type ReadinessProblem, readinessOf } from './payment-readiness.ts';
import { needPayoutMethod } from './payout-needs.ts';

const { PaymentPurpose: Purpose, ReadinessProblem: Problem } = heidrun;

const schema = z.object({
  userId: fields.optionalId,
  purpose: z.union([z.literal(Purpose.PAY), z.literal(Purpose.PAYOUT)], { error: 'names no known purpose' }),
  listedSeconds: z.int().min(0, 'must be 0 to 86,400').max(86_400, 'must be 0 to 86,400').optional(),
});

const reasons: Record<ReadinessProblem, string> = {
  NO_METHOD: 'There is no payment method for this purpose.',
  NOT_VERIFIED: 'The payment method is not verified yet.',
  EXPIRED: 'The payment method has expired.',
  FROZEN: 'The account is frozen.',
};

/** CheckPaymentReadiness: not being ready is an answer, not an error. */
export function createCheckPaymentReadiness(deps: PaymentDeps) {
  return async (
    request: heidrun.CheckPaymentReadinessRequest,
    ctx: CallContext,
  ): Promise<heidrun.CheckPaymentReadinessResponse> => {
    const { listedSeconds = 0 } = parseWith(schema, request);
    const user = accountOf(ctx, request.userId);
    const purpose = request.purpose === Purpose.PAY ? 'pay' : 'payout';
    if (listedSeconds > 0) assertLister(ctx, purpose);
    const found =
      listedSeconds > 0
        ? await reserved(deps, user, listedSeconds)
        : await readinessOf(deps.pool, user, purpose, deps.clock.now());
    return found.ready
      ? { ready: true, problem: Problem.UNSPECIFIED, reason: '', paymentMethodId: found.paymentMethodId }
      : { ready: false, problem: Problem[found.problem], reason: reasons[found.problem], paymentMethodId: '' };
  };
}

/** Who lists providers, alone or for their owner, says how long it relies on the answer; a user could only lock itself in. */
function assertLister({ identity }: CallContext, purpose: 'pay' | 'payout'): void {
  const isNjordr = identity.roles.has('service') ? identity.subject === 'njordr' : identity.actor?.subject === 'njordr';
  const wrong = isNjordr ? purpose !== 'payout' && 'is for payouts only' : 'is for Njörðr only';
  if (wrong !== false) throw invalidInput([{ field: 'listed_seconds', description: wrong }]);
}

/** The answer, and where it is yes, the promise that the method stays: both or neither, whatever is removed meanwhile. */
function reserved(deps: PaymentDeps, user: UserKey, seconds: number): Promise<Readiness> {
  return inTransaction(
    deps.pool,
    async (client) => {
      await lockUserMethods(client, user);
      const now = deps.clock.now();
      const found = await readinessOf(client, user, 'payout', now);
      if (found.ready) await needPayoutMethod(client, user, new Date(now.getTime() + seconds * 1_000));
      return found;
    },
    { idempotent: true },
  );
}
