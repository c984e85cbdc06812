import { type Logger } from '@edda/telemetry';
import { type Hold } from './hold.ts';
import { type SettledCapture } from './settle-capture.ts';

/** One line with every figure the capture was decided by: the calculation can be checked from the log alone. */
export function logCapture(logger: Logger, hold: Hold, settled: SettledCapture, requestId: string): void {
  if (!logger.isLevelEnabled('info')) return;
  logger.info(
    {
      request_id: requestId,
      transaction_id: hold.transactionId,
      preauth_id: hold.id,
      model: hold.model,
      cost_cents: settled.costCents,
      held_cents: hold.heldCents,
      captured_cents: settled.capturedCents,
      released_cents: settled.releasedCents,
      capped_at_hold: settled.cappedAtHold,
      commission_rate_bps: hold.commissionRateBps,
      company_fee_cents: settled.feeCents,
      provider_earnings_cents: settled.earningsCents,
      carry_provider_id: settled.carryProviderId,
      carry_before: settled.carryBefore,
      carry_after: settled.carryAfter,
      legs: settled.legs.map((leg) => ({
        provider_id: leg.candidate.providerId,
        price_version: leg.candidate.priceVersion,
        price_cents: leg.candidate.price.priceCents,
        output_price_cents: leg.candidate.price.outputPriceCents,
        price_unit_tokens: leg.candidate.price.unitTokens,
        input_tokens: leg.inputTokens,
        output_tokens: leg.outputTokens,
        counted_input_tokens: leg.countedInputTokens,
        counted_output_tokens: leg.countedOutputTokens,
        claimed_input_tokens: leg.claimedInputTokens,
        claimed_output_tokens: leg.claimedOutputTokens,
        deviation_ppm: leg.deviationPpm,
        tokenizer: leg.tokenizer,
        provider_earnings_cents: leg.earningsCents,
      })),
    },
    'captured',
  );
}
