import { heidrun } from '@edda/contracts';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { z } from 'zod';
import { fields } from '../fields.ts';
import { accountOf } from './account-of.ts';
import { type PaymentDeps } from './payment-deps.ts';
import { type ReadinessProblem, readinessOf } from './payment-readiness.ts';

const { PaymentPurpose: Purpose, ReadinessProblem: Problem } = heidrun;

const schema = z.object({
  userId: fields.optionalId,
  purpose: z.union([z.literal(Purpose.PAY), z.literal(Purpose.PAYOUT)], { error: 'names no known purpose' }),
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
    parseWith(schema, request);
    const user = accountOf(ctx, request.userId);
    const purpose = request.purpose === Purpose.PAY ? 'pay' : 'payout';
    const found = await readinessOf(deps.pool, user, purpose, deps.clock.now());
    return found.ready
      ? { ready: true, problem: Problem.UNSPECIFIED, reason: '', paymentMethodId: found.paymentMethodId }
      : { ready: false, problem: Problem[found.problem], reason: reasons[found.problem], paymentMethodId: '' };
  };
}
