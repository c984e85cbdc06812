import { type NewEvent } from '@edda/pg-kit';
import { type Hold } from '../preauth/hold.ts';
import { type SettledCapture } from '../preauth/settle-capture.ts';
import { jsonCents } from './json-cents.ts';

/** All of a hold's events have one subject, so that they arrive in order. */
const subjectOf = ({ id }: Hold): string => `preauth:${id}`;

const facts = (hold: Hold) => ({
  preauth_id: hold.id,
  transaction_id: hold.transactionId,
  user_id: hold.requesterId,
  network_id: hold.networkId,
  model: hold.model,
  held_cents: jsonCents(hold.heldCents),
});

export function holdCreated(hold: Hold): NewEvent {
  return {
    subject: subjectOf(hold),
    type: 'heidrun.hold.created',
    payload: {
      ...facts(hold),
      candidates: hold.candidates.map(({ providerId, priceVersion }) => ({
        provider_id: providerId,
        price_version: priceVersion,
      })),
      expires_at: hold.expiresAt,
    },
    requestId: hold.requestId,
    occurredAt: hold.createdAt,
  };
}

export function capturePosted(hold: Hold, settled: SettledCapture, at: Date): NewEvent {
  return {
    subject: subjectOf(hold),
    type: 'heidrun.capture.posted',
    payload: {
      ...facts(hold),
      provider_id: settled.legs.at(-1)?.candidate.providerId ?? '',
      captured_cents: jsonCents(settled.capturedCents),
      released_cents: jsonCents(settled.releasedCents),
      provider_earnings_cents: jsonCents(settled.earningsCents),
      company_fee_cents: jsonCents(settled.feeCents),
      capped_at_hold: settled.cappedAtHold,
      legs: settled.legs.map((leg) => ({
        provider_id: leg.candidate.providerId,
        owner_id: leg.candidate.ownerId,
        input_tokens: leg.inputTokens,
        output_tokens: leg.outputTokens,
        provider_earnings_cents: jsonCents(leg.earningsCents),
        deviation_ppm: leg.deviationPpm,
      })),
    },
    requestId: hold.requestId,
    occurredAt: at,
  };
}

export function holdReleased(hold: Hold, kind: 'cancelled' | 'expired', at: Date, reason = ''): NewEvent {
  return {
    subject: subjectOf(hold),
    type: `heidrun.hold.${kind}`,
    payload: { ...facts(hold), ...(reason !== '' && { reason }) },
    requestId: hold.requestId,
    occurredAt: at,
  };
}
