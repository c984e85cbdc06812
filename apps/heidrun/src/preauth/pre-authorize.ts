import { auditCaller } from '@edda/audit';
import { common, type heidrun } from '@edda/contracts';
import { type CallContext } from '@edda/grpc-kit';
import { hashRequest } from '@edda/pg-kit';
import { currentSpan } from '@edda/telemetry';
import { callerOf } from '../ledger/visibility.ts';
import { toPinnedPrice } from './candidate.ts';
import { type Hold } from './hold.ts';
import { asHoldConflict } from './hold-faults.ts';
import { type PreAuthDeps } from './pre-auth-deps.ts';
import { readHoldRequest } from './pre-authorize-request.ts';

/** PreAuthorize: holds the largest estimate over the candidates; once per transaction, whatever is repeated. */
export function createPreAuthorize(deps: PreAuthDeps) {
  return async (request: heidrun.PreAuthorizeRequest, ctx: CallContext): Promise<heidrun.PreAuthorizeResponse> => {
    const wanted = await readHoldRequest(request, deps.counter, deps.holdTtlSeconds());
    const { idempotencyKey, ...content } = request;
    const origin = { caller: callerOf(ctx.identity), idempotencyKey, requestHash: hashRequest(content) };
    const { hold, replayed } = await deps.batches
      .hold({
        request,
        wanted,
        origin,
        by: auditCaller(ctx.identity),
        signal: ctx.signal,
        traceparent: currentSpan()?.traceparent,
      })
      .catch((error: unknown) => {
        throw asHoldConflict(error);
      });
    if (replayed) deps.metrics.replayed();
    else {
      deps.notify();
      deps.metrics.held();
      deps.known.remember(hold);
      log(deps, hold);
    }
    return toResponse(hold, replayed);
  };
}

function toResponse(hold: Hold, replayed: boolean): heidrun.PreAuthorizeResponse {
  return {
    preauthId: hold.id,
    estimatedCostCents: hold.heldCents,
    authorized: true,
    expiresAt: hold.expiresAt,
    outputBudgetTokens: hold.outputBudgetTokens,
    inputTokens: hold.inputTokens,
    inputMethod: common.TokenMethod[hold.inputMethod as keyof typeof common.TokenMethod],
    tokenizer: hold.tokenizer,
    pinnedPrices: hold.candidates.map(toPinnedPrice),
    commissionRateBps: hold.commissionRateBps,
    replayed,
  };
}

/** One line with every figure the estimate was made from. */
function log({ logger }: PreAuthDeps, hold: Hold): void {
  if (!logger.isLevelEnabled('info')) return;
  logger.info(
    {
      request_id: hold.requestId,
      transaction_id: hold.transactionId,
      preauth_id: hold.id,
      model: hold.model,
      input_tokens: hold.inputTokens,
      output_budget_tokens: hold.outputBudgetTokens,
      held_cents: hold.heldCents,
      counting: hold.inputMethod,
      tokenizer: hold.tokenizer,
      commission_rate_bps: hold.commissionRateBps,
      candidates: hold.candidates.map(({ providerId, priceVersion, price, estimatedCents }) => ({
        provider_id: providerId,
        price_version: priceVersion,
        price_cents: price.priceCents,
        output_price_cents: price.outputPriceCents,
        price_unit_tokens: price.unitTokens,
        estimated_cents: estimatedCents,
      })),
      expires_at: hold.expiresAt.toISOString(),
    },
    'held',
  );
}
