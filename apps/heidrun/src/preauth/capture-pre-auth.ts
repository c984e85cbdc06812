import { common, enumName, type heidrun } from '@edda/contracts';
import { invalidInput } from '@edda/faults';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { appendEvents, hashRequest, inTransaction } from '@edda/pg-kit';
import { type ClientBase, DatabaseError } from 'pg';
import { z } from 'zod';
import { capturePosted } from '../events/hold-events.ts';
import { fields } from '../fields.ts';
import { callerOf } from '../ledger/visibility.ts';
import { walletOf } from '../ledger/account-names.ts';
import { type PostedTransfer, postTransfers } from '../ledger/post-transfers.ts';
import { type MeasuredLeg, measureLegs } from '../metering/measure-legs.ts';
import { asStored, captureFacts, toCaptureResponse } from './capture-response.ts';
import { type CaptureOrigin, captureTransfers, claimHold, recordCapture } from './capture-store.ts';
import { type Hold, type HoldWithResolution } from './hold.ts';
import { findHold } from './hold-store.ts';
import { logCapture } from './log-capture.ts';
import { type PreAuthDeps } from './pre-auth-deps.ts';
import {
  assertMay,
  expired,
  holdNotFound,
  holdResolutionsKey,
  keyOfAnotherHold,
  otherContent,
} from './resolved-faults.ts';
import { type SettledCapture, settleCapture } from './settle-capture.ts';

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
    const origin: CaptureOrigin = {
      caller: callerOf(ctx.identity),
      idempotencyKey,
      requestHash: hashRequest(content),
      finishReason: enumName(common.FinishReason, request.finishReason) ?? 'UNSPECIFIED',
      at: deps.clock.now(),
    };
    const found = await findHold(deps.pool, request.preauthId);
    if (found === undefined) throw holdNotFound();
    if (found.resolution !== undefined) return repeated(deps, found, origin);
    const { hold } = found;
    if (origin.at >= hold.expiresAt) throw expired(hold);
    // Holds never change, so counting, the long part, is done before anything is locked.
    const legs = measureLegs(deps.counter, hold.model, request.legs);
    const done = await inTransaction(deps.pool, (client) => book(client, hold, legs, request.amountCents, origin), {
      idempotent: true,
    });
    if (done === undefined) return repeated(deps, await resolvedBy(deps, hold.id), origin);
    const { settled, transfers } = done;
    deps.notify();
    deps.metrics.captured(settled.capturedCents);
    logCapture(deps.logger, hold, settled, request.requestId);
    const facts = { hold, capture: asStored(settled), releasedCents: settled.releasedCents, transfers };
    return toCaptureResponse({ ...facts, capturedAt: origin.at }, false);
  };
}

/** Everything a capture changes, or undefined where another resolution won. */
async function book(
  client: ClientBase,
  hold: Hold,
  legs: readonly MeasuredLeg[],
  amountCents: bigint | undefined,
  origin: CaptureOrigin,
): Promise<{ settled: SettledCapture; transfers: PostedTransfer[] } | undefined> {
  const { candidates, heldCents, commissionRateBps: rateBps } = hold;
  const involved = legs.length > 0 ? legs.map((leg) => leg.providerId) : [candidates[0]?.providerId ?? ''];
  const known = new Set(candidates.map(({ providerId }) => providerId));
  // Unknown providers get no book of their own; settleCapture refuses them.
  const books = await claimHold(
    client,
    hold.id,
    involved.map((id) => (known.has(id) ? id : (candidates[0]?.providerId ?? ''))),
  );
  if (books === undefined) return undefined;
  const settled = settleCapture({ heldCents, rateBps, candidates, legs, books, amountCents });
  await recordCapture(client, hold, settled, origin).catch((error: unknown) => {
    const taken = error instanceof DatabaseError && error.constraint === holdResolutionsKey;
    throw taken ? keyOfAnotherHold() : error;
  });
  const account = walletOf({ networkId: hold.networkId, userId: hold.requesterId });
  const transfers = await postTransfers(client, captureTransfers(hold, settled), {
    postedAt: origin.at,
    releases: heldCents > 0n ? [{ account, amountCents: heldCents }] : [],
  });
  await appendEvents(client, [capturePosted(hold, settled, origin.at)]);
  return { settled, transfers };
}

/** The first capture's answer for the same content; anything else is refused. */
async function repeated(deps: PreAuthDeps, found: HoldWithResolution, origin: CaptureOrigin) {
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
