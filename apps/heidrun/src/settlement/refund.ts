import { heidrun } from '@edda/contracts';
import { commonFaults } from '@edda/faults';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { moneyFaults } from '@edda/money';
import { withIdempotency } from '@edda/pg-kit';
import { type ClientBase, type Pool } from 'pg';
import { type Clock, type Logger } from '@edda/telemetry';
import { z } from 'zod';
import { jsonCents } from '../events/json-cents.ts';
import { fields } from '../fields.ts';
import { walletOf } from '../ledger/account-names.ts';
import { type PostedTransfer, postTransfers } from '../ledger/post-transfers.ts';
import { toWireTransfer } from '../ledger/to-wire-transfer.ts';
import { scopeOf } from '../payments/account-of.ts';
import { findCapture } from '../preauth/capture-store.ts';
import { type Hold } from '../preauth/hold.ts';
import { findHoldOfTransaction } from '../preauth/hold-store.ts';
import { originOf, recordChanges } from '../record-changes.ts';
import { planRefund, type RefundPlan, refundTransfers } from './refund-plan.ts';
import { insertRefund, lockRefunds } from './refund-store.ts';

export interface RefundDeps {
  pool: Pool;
  clock: Clock;
  newId: () => string;
  /** The module `settlement`. */
  logger: Logger;
  /** Rings the outbox relay after a commit. */
  notify: () => void;
}

const schema = z.object({
  idempotencyKey: fields.idempotencyKey,
  requestId: fields.id,
  transactionId: fields.id,
  amountCents: z.bigint(),
  reason: fields.reason,
  disputeId: fields.optionalId,
});

/** Refund: gives captured money back, cumulative over several; a repetition is the same refund. */
export function createRefund(deps: RefundDeps) {
  return async (request: heidrun.RefundRequest, ctx: CallContext): Promise<heidrun.RefundResponse> => {
    parseWith(schema, request);
    if (request.amountCents < 0n) throw negative();
    let replayed = false;
    const scope = scopeOf(request, ctx, deps.clock, () => (replayed = true));
    const stored: unknown = await withIdempotency(deps.pool, scope, (client) => refund(deps, client, request, ctx));
    deps.notify();
    return { ...heidrun.RefundResponse.fromJSON(stored), replayed };
  };
}

async function refund(
  deps: RefundDeps,
  client: ClientBase,
  request: heidrun.RefundRequest,
  ctx: CallContext,
): Promise<unknown> {
  const found = await findHoldOfTransaction(client, request.transactionId);
  if (found?.resolution?.kind !== 'CAPTURED') throw nothingCaptured();
  const { hold } = found;
  const soFar = await lockRefunds(client, hold.id);
  const capture = await findCapture(client, hold.id);
  if (capture === undefined) throw commonFaults.INTERNAL(`hold ${hold.id} is captured, but its capture is gone`);
  const plan = planRefund(capture, soFar, request.amountCents);
  const id = deps.newId();
  const at = deps.clock.now();
  const origin = originOf(ctx);
  const { requestId, reason, disputeId } = request;
  await insertRefund(client, { id, holdId: hold.id, ...plan, requestId, reason, disputeId, caller: origin.actor, at });
  const transfers = await postTransfers(client, refundTransfers(id, hold, plan), { postedAt: at });
  await recordChanges(client, { ...origin, requestId }, at, [posted(id, hold, plan, request)]);
  deps.logger.info(
    {
      request_id: requestId,
      transaction_id: hold.transactionId,
      refund_id: id,
      refunded_cents: plan.amountCents,
      fee_returned_cents: plan.feeReturnedCents,
      total_refunded_cents: plan.totalRefundedCents,
    },
    'refunded',
  );
  const fully = plan.totalRefundedCents === capture.capturedCents;
  return heidrun.RefundResponse.toJSON(toResponse(id, plan, transfers, fully));
}

/** On the hold's subject, so that it arrives after the capture it gives back. */
function posted(id: string, hold: Hold, plan: RefundPlan, { reason, disputeId }: heidrun.RefundRequest) {
  return {
    action: 'refund.posted',
    subject: `preauth:${hold.id}`,
    user: { networkId: hold.networkId, userId: hold.requesterId },
    reason,
    details: {
      refund_id: id,
      preauth_id: hold.id,
      transaction_id: hold.transactionId,
      wallet: walletOf({ networkId: hold.networkId, userId: hold.requesterId }),
      refunded_cents: jsonCents(plan.amountCents),
      fee_returned_cents: jsonCents(plan.feeReturnedCents),
      total_refunded_cents: jsonCents(plan.totalRefundedCents),
      ...(disputeId !== '' && { dispute_id: disputeId }),
      legs: plan.legs.map((leg) => ({
        provider_id: leg.providerId,
        earnings_returned_cents: jsonCents(leg.earningsReturnedCents),
      })),
    },
  };
}

function toResponse(
  refundId: string,
  plan: RefundPlan,
  transfers: readonly PostedTransfer[],
  fullyRefunded: boolean,
): heidrun.RefundResponse {
  return {
    refundId,
    refundedCents: plan.amountCents,
    feeReturnedCents: plan.feeReturnedCents,
    earningsReturned: plan.legs
      .filter(({ earningsReturnedCents }) => earningsReturnedCents > 0n)
      .map(({ providerId, earningsReturnedCents }) => ({ providerId, amountCents: earningsReturnedCents })),
    totalRefundedCents: plan.totalRefundedCents,
    fullyRefunded,
    transfers: transfers.map(toWireTransfer),
    replayed: false,
  };
}

const nothingCaptured = (): Error =>
  commonFaults.NOT_FOUND('nothing was captured for this transaction', {
    violations: [{ field: 'transaction_id', description: 'names no transaction with captured money' }],
  });

const negative = (): Error =>
  moneyFaults.AMOUNT_OUT_OF_RANGE('amount_cents must not be negative', {
    violations: [{ field: 'amount_cents', description: 'must not be negative' }],
  });
