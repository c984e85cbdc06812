import { auditCaller } from '@edda/audit';
import { type heidrun } from '@edda/contracts';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { hashRequest } from '@edda/pg-kit';
import { currentSpan } from '@edda/telemetry';
import { z } from 'zod';
import { fields } from '../fields.ts';
import { callerOf } from '../ledger/visibility.ts';
import { type HoldWithResolution } from './hold.ts';
import { findHold } from './hold-store.ts';
import { type PreAuthDeps } from './pre-auth-deps.ts';
import { type CancelItem, type ResolutionOrigin } from './resolution-item.ts';
import { asResolutionConflict, assertMay, holdNotFound, otherContent } from './resolved-faults.ts';

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
    const origin = { caller: callerOf(ctx.identity), idempotencyKey, requestHash: hashRequest(content) };
    const known = deps.known.get(request.preauthId);
    const found = known === undefined ? await findHold(deps.pool, request.preauthId) : { hold: known };
    if (found === undefined) throw holdNotFound();
    if (found.resolution !== undefined) return repeated(deps, found, origin);
    const { hold } = found;
    const { reason } = request;
    const call = {
      by: auditCaller(ctx.identity),
      signal: ctx.signal,
      traceparent: currentSpan()?.traceparent,
    };
    const done = await release(deps, { kind: 'CANCELLED', hold, reason, origin, ...call });
    deps.known.forget(hold.id);
    if (done === undefined) return repeated(deps, (await findHold(deps.pool, hold.id)) ?? found, origin);
    deps.notify();
    deps.metrics.cancelled();
    const figures = { preauth_id: hold.id, transaction_id: hold.transactionId, released_cents: hold.heldCents };
    deps.logger.info({ request_id: request.requestId, ...figures, reason }, 'cancelled');
    return { preauthId: hold.id, releasedCents: hold.heldCents, cancelledAt: done.at, replayed: false };
  };
}

function release({ batches }: PreAuthDeps, item: CancelItem) {
  return batches.cancel(item).catch((error: unknown) => {
    throw asResolutionConflict(error);
  });
}

function repeated(
  deps: PreAuthDeps,
  found: HoldWithResolution,
  origin: ResolutionOrigin,
): heidrun.CancelPreAuthResponse {
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
    cancelledAt: resolution?.resolvedAt,
    replayed: true,
  };
}
