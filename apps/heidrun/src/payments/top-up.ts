import { type heidrun } from '@edda/contracts';
import { Fault } from '@edda/faults';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { z } from 'zod';
import { heidrunFaults } from '../faults.ts';
import { fields } from '../fields.ts';
import { accountOf, scopeOf } from './account-of.ts';
import { userBalance } from './get-balance.ts';
import { type PaymentDeps } from './payment-deps.ts';
import { topUpById, type TopUpRow, toTopUp } from './top-up-row.ts';
import { type TopUps } from './top-ups.ts';

const schema = z.object({
  idempotencyKey: fields.idempotencyKey,
  userId: fields.optionalId,
  // Its bounds are settings and have a reason of their own.
  amountCents: z.bigint(),
  paymentMethodId: fields.optionalId,
});

/**
 * TopUp. Where the payment provider does not answer, the answer is PENDING, because the charge may have happened: the
 * sweep finishes it, and a repetition with the same key shows what became of it.
 */
export function createTopUp(deps: PaymentDeps, topUps: TopUps) {
  return async (request: heidrun.TopUpRequest, ctx: CallContext): Promise<heidrun.TopUpResponse> => {
    const wanted = parseWith(schema, request);
    const user = accountOf(ctx, request.userId);
    let replayed = false;
    const id = await topUps.begin(
      user,
      wanted,
      scopeOf(request, ctx, deps.clock, () => (replayed = true)),
    );
    const row = await finished(deps, topUps, id);
    if (row.status === 'FAILED') {
      throw heidrunFaults.PAYMENT_DECLINED(row.failure_reason, { metadata: { top_up_id: id } });
    }
    return { topUp: toTopUp(row), replayed, balance: await userBalance(deps, deps.pool, user) };
  };
}

async function finished(deps: PaymentDeps, topUps: TopUps, id: string): Promise<TopUpRow> {
  try {
    return await topUps.finish(id);
  } catch (error) {
    if (!(error instanceof Fault && error.reason === 'PAYMENT_PROVIDER_UNAVAILABLE')) throw error;
    deps.logger.warn({ err: error, top_up_id: id }, 'the outcome of a charge is not known yet');
    return topUpById(deps.pool, id);
  }
}
