import { type heidrun } from '@edda/contracts';
import { Fault } from '@edda/faults';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { withIdempotency } from '@edda/pg-kit';
import { z } from 'zod';
import { fields } from '../../fields.ts';
import { originOf } from '../../record-changes.ts';
import { accountOf, scopeOf } from '../account-of.ts';
import { userBalance } from '../get-balance.ts';
import { type PaymentDeps } from '../payment-deps.ts';
import { beginPayout } from './begin-payout.ts';
import { payoutById, type PayoutRow, toPayout } from './payout-row.ts';
import { type Payouts } from './payouts.ts';

const schema = z.object({
  idempotencyKey: fields.idempotencyKey,
  userId: fields.optionalId,
  amountCents: fields.cents,
  paymentMethodId: fields.optionalId,
});

/**
 * RequestPayout. Where the payment provider does not answer, the answer is PENDING: the money is set aside, the sweep
 * hands it over. A refused payout is an answer as well: FAILED, its money back among the earnings.
 */
export function createRequestPayout(deps: PaymentDeps, payouts: Payouts) {
  return async (request: heidrun.RequestPayoutRequest, ctx: CallContext): Promise<heidrun.RequestPayoutResponse> => {
    const { amountCents, paymentMethodId } = parseWith(schema, request);
    const user = accountOf(ctx, request.userId);
    let replayed = false;
    const scope = scopeOf(request, ctx, deps.clock, () => (replayed = true));
    const wanted = { amountCents, paymentMethodId, scheduled: false };
    const { id } = await withIdempotency(deps.pool, scope, async (client) => {
      deps.assertCapacity();
      return { id: await beginPayout(deps, client, user, wanted, originOf(ctx)) };
    });
    const row = await finished(deps, payouts, id);
    return { payout: toPayout(row), replayed, balance: await userBalance(deps, deps.pool, user) };
  };
}

async function finished(deps: PaymentDeps, payouts: Payouts, id: string): Promise<PayoutRow> {
  try {
    return await payouts.finish(id);
  } catch (error) {
    if (!(error instanceof Fault && error.reason === 'PAYMENT_PROVIDER_UNAVAILABLE')) throw error;
    deps.logger.warn({ err: error, payout_id: id }, 'the outcome of a payout is not known yet');
    return payoutById(deps.pool, id);
  }
}
