import { auditCaller } from '@edda/audit';
import { common, enumName, type heidrun } from '@edda/contracts';
import { invalidInput } from '@edda/faults';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { hashRequest } from '@edda/pg-kit';
import { currentSpan } from '@edda/telemetry';
import { z } from 'zod';
import { fields } from '../fields.ts';
import { callerOf } from '../ledger/visibility.ts';
import { measureLegs } from '../metering/measure-legs.ts';
import { asStored, captureFacts, toCaptureResponse } from './capture-response.ts';
import { type HoldWithResolution } from './hold.ts';
import { findHold } from './hold-store.ts';
import { logCapture } from './log-capture.ts';
import { type PreAuthDeps } from './pre-auth-deps.ts';
import { type ResolutionOrigin } from './resolution-item.ts';
import { asResolutionConflict, assertMay, expired, holdNotFound, otherContent } from './resolved-faults.ts';

const MAX_LEGS = 4;

const schema = z.object({
  idempotencyKey: fields.idempotencyKey,
  requestId: fields.id,
  preauthId: fields.id,
  legs: z
    .array(
      z.object({
        providerId: fields.id,
        input: z
          .discriminatedUnion('$case', [
            z.object({ $case: z.literal('inputTokens'), value: z.bigint() }),
            z.object({ $case: z.literal('inputText'), value: z.string() }),
            z.object({ $case: z.literal('inputMessages'), value: fields.messages }),
          ])
          .optional(),
      }),
    )
    .max(MAX_LEGS, `has at most ${MAX_LEGS} legs`)
    .refine((legs) => new Set(legs.map((leg) => leg.providerId)).size === legs.length, 'names a provider twice'),
  amountCents: z.bigint().min(0n, 'must not be negative').optional(),
});

/** CapturePreAuth: counts, prices, splits and books what was delivered; exactly once, whatever races or repeats. */
export function createCapturePreAuth(deps: PreAuthDeps) {
  return async (request: heidrun.CapturePreAuthRequest, ctx: CallContext): Promise<heidrun.CapturePreAuthResponse> => {
    parseWith(schema, request);
    const { idempotencyKey, ...content } = request;
    const origin = { caller: callerOf(ctx.identity), idempotencyKey, requestHash: hashRequest(content) };
    const known = deps.known.get(request.preauthId);
    const found = known === undefined ? await findHold(deps.pool, request.preauthId) : { hold: known };
    if (found === undefined) throw holdNotFound();
    if (found.resolution !== undefined) return repeated(deps, found, origin);
    const { hold } = found;
    if (deps.clock.now() >= hold.expiresAt) throw expired(hold);
    // Holds never change, so counting, the long part, is done before anything is locked.
    const legs = await measureLegs(deps.counter, hold.model, request.legs);
    const finishReason = enumName(common.FinishReason, request.finishReason) ?? 'UNSPECIFIED';
    const { amountCents } = request;
    const call = {
      by: auditCaller(ctx.identity),
      signal: ctx.signal,
      traceparent: currentSpan()?.traceparent,
    };
    const done = await deps.batches
      .capture({ kind: 'CAPTURED', hold, legs, amountCents, finishReason, origin, ...call })
      .catch((error: unknown) => {
        throw asResolutionConflict(error);
      });
    deps.known.forget(hold.id);
    if (done === undefined) return repeated(deps, await resolvedBy(deps, hold.id), origin);
    const { settled, transfers, at } = done;
    deps.notify();
    deps.spent.touch({ networkId: hold.networkId, userId: hold.requesterId });
    deps.metrics.captured(settled.capturedCents);
    logCapture(deps.logger, hold, settled, request.requestId);
    const facts = { hold, capture: asStored(settled), releasedCents: settled.releasedCents, transfers };
    return toCaptureResponse({ ...facts, capturedAt: at }, false);
  };
}

/** The first capture's answer for the same content; anything else is refused. */
async function repeated(deps: PreAuthDeps, found: HoldWithResolution, origin: ResolutionOrigin) {
  const { resolution, hold } = found;
  if (resolution?.kind === 'EXPIRED') throw expired(hold);
  if (resolution?.kind !== 'CAPTURED') assertMay('capture', found);
  if (resolution?.requestHash !== origin.requestHash) {
    throw otherContent('preauth_id', 'was captured before with other content');
  }
  deps.metrics.replayed();
  return toCaptureResponse(await captureFacts(deps.pool, found), true);
}

async function resolvedBy(deps: PreAuthDeps, holdId: string): Promise<HoldWithResolution> {
  const found = await findHold(deps.pool, holdId);
  if (found?.resolution === undefined) throw invalidInput([{ field: 'preauth_id', description: 'names no open hold' }]);
  return found;
}
