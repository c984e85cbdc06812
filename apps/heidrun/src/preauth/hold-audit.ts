import { type NewAuditRecord } from '@edda/audit';
import { type Hold } from './hold.ts';
import { type SettledCapture } from './settle-capture.ts';

/** Who acts on a hold, as `auditCaller` takes it from a call. */
export type Actor = Pick<NewAuditRecord, 'actor' | 'onBehalfOf'>;

/** The audit record of something done to a hold; its tenant is the requester's, whoever acts. */
function recordOf(hold: Hold, by: Actor, rest: Omit<NewAuditRecord, 'actor' | 'subject'>): NewAuditRecord {
  return {
    actor: by.actor,
    ...(by.onBehalfOf !== undefined && { onBehalfOf: by.onBehalfOf }),
    networkId: hold.networkId,
    subject: `preauth:${hold.id}`,
    requestId: hold.requestId,
    ...rest,
  };
}

export function auditHeld(hold: Hold, by: Actor): NewAuditRecord {
  return recordOf(hold, by, {
    occurredAt: hold.createdAt,
    action: 'preauth.hold',
    details: {
      transactionId: hold.transactionId,
      requesterId: hold.requesterId,
      model: hold.model,
      heldCents: hold.heldCents,
      commissionRateBps: hold.commissionRateBps,
      candidates: hold.candidates.map(({ providerId, priceVersion, estimatedCents }) => ({
        providerId,
        priceVersion,
        estimatedCents,
      })),
      expiresAt: hold.expiresAt,
    },
  });
}

/** With every figure that fixes who gets what. */
export function auditCaptured(hold: Hold, settled: SettledCapture, by: Actor, at: Date): NewAuditRecord {
  return recordOf(hold, by, {
    occurredAt: at,
    action: 'preauth.capture',
    details: {
      transactionId: hold.transactionId,
      costCents: settled.costCents,
      capturedCents: settled.capturedCents,
      releasedCents: settled.releasedCents,
      companyFeeCents: settled.feeCents,
      commissionRateBps: hold.commissionRateBps,
      carry: [settled.carryProviderId, settled.carryBefore, settled.carryAfter],
      legs: settled.legs.map((leg) => ({
        providerId: leg.candidate.providerId,
        ownerId: leg.candidate.ownerId,
        inputTokens: leg.inputTokens,
        outputTokens: leg.outputTokens,
        earningsCents: leg.earningsCents,
      })),
    },
  });
}

export function auditReleased(
  hold: Hold,
  action: 'preauth.cancel' | 'preauth.expire',
  by: Actor,
  at: Date,
  reason = '',
): NewAuditRecord {
  const details = { transactionId: hold.transactionId, releasedCents: hold.heldCents };
  return recordOf(hold, by, { occurredAt: at, action, reason, details });
}

/** Who releases holds whose time is over. */
export const sweepActor: Actor = { actor: 'system:hold-sweep' };
