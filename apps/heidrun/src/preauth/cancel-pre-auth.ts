import { type heidrun } from '@edda/contracts';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { appendEvents, hashRequest, inTransaction } from '@edda/pg-kit';
import { DatabaseError } from 'pg';
import { z } from 'zod';
import { holdReleased } from '../events/hold-events.ts';
import { fields } from '../fields.ts';
import { callerOf } from '../ledger/visibility.ts';
import { walletOf } from '../ledger/account-names.ts';
import { postTransfers } from '../ledger/post-transfers.ts';
import { type Hold, type HoldWithResolution } from './hold.ts';
import { findHold } from './hold-store.ts';
import { type PreAuthDeps } from './pre-auth-deps.ts';
import { type CancelOrigin, cancelOpen } from './release-store.ts';
import { assertMay, holdNotFound, holdResolutionsKey, keyOfAnotherHold, otherContent } from './resolved-faults.ts';

const schema = z.object({
  idempotencyKey: fields.idempotencyKey,
  requestId: fields.id,
  preauthId: fields.id,
  reason: fields.text(500),
});

/** CancelPreAuth: releases the whole hold. Cancelling a cancelled hold answers as before. */
export function createCancelPreAuth(deps: PreAuthDeps) {
  return async (request: heidrun.CancelPreAuthRequest, ctx: CallContext): Promise<heidrun.CancelPreAuthResponse> => {
    parseWith(schema, request);
    const { idempotencyKey, ...content } = request;
    const origin: CancelOrigin = {
      reason: request.reason,
      caller: callerOf(ctx.identity),
      idempotencyKey,
      requestHash: hashRequest(content),
      at: deps.clock.now(),
    };
    const found = await findHold(deps.pool, request.preauthId);
    if (found === undefined) throw holdNotFound();
    const { hold } = found;
    if (found.resolution === undefined && (await release(deps, hold, origin))) {
      deps.notify();
      deps.metrics.cancelled();
      const figures = { preauth_id: hold.id, transaction_id: hold.transactionId, released_cents: hold.heldCents };
      deps.logger.info({ request_id: request.requestId, ...figures, reason: request.reason }, 'cancelled');
      return { preauthId: hold.id, releasedCents: hold.heldCents, cancelledAt: origin.at, replayed: false };
    }
    return repeated(deps, (await findHold(deps.pool, hold.id)) ?? found, origin);
  };
}

async function release(deps: PreAuthDeps, hold: Hold, origin: CancelOrigin): Promise<boolean> {
  const cancel = async () =>
    inTransaction(
      deps.pool,
      async (client) => {
        if (!(await cancelOpen(client, hold, origin))) return false;
        const account = walletOf({ networkId: hold.networkId, userId: hold.requesterId });
        const releases = hold.heldCents > 0n ? [{ account, amountCents: hold.heldCents }] : [];
        await postTransfers(client, [], { postedAt: origin.at, releases });
        await appendEvents(client, [holdReleased(hold, 'cancelled', origin.at, origin.reason)]);
        return true;
      },
      { idempotent: true },
    );
  return cancel().catch((error: unknown) => {
    const taken = error instanceof DatabaseError && error.constraint === holdResolutionsKey;
    throw taken ? keyOfAnotherHold() : error;
  });
}

function repeated(deps: PreAuthDeps, found: HoldWithResolution, origin: CancelOrigin): heidrun.CancelPreAuthResponse {
  const { hold, resolution } = found;
  if (resolution?.kind !== 'CANCELLED') assertMay('cancel', found);
  const sameKey = resolution?.caller === origin.caller && resolution.idempotencyKey === origin.idempotencyKey;
  if (sameKey && resolution.requestHash !== origin.requestHash) {
    throw otherContent('idempotency_key', 'was used before with other content');
  }
  deps.metrics.replayed();
  return {
    preauthId: hold.id,
    releasedCents: hold.heldCents,
    cancelledAt: resolution?.resolvedAt ?? origin.at,
    replayed: true,
  };
}
