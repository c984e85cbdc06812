import { common, enumName, type heidrun } from '@edda/contracts';
import { commonFaults } from '@edda/faults';
import { type ClientBase, type Pool } from 'pg';
import { findTransfers } from '../ledger/find-transfers.ts';
import { type PostedTransfer } from '../ledger/post-transfers.ts';
import { toWireTransfer } from '../ledger/to-wire-transfer.ts';
import { findCapture, type StoredCapture, type StoredLeg } from './capture-store.ts';
import { type Hold, type HoldWithResolution } from './hold.ts';
import { type SettledCapture } from './settle-capture.ts';

/** What a capture's answer is made of, fresh from the decision or read again. */
export interface CaptureFacts {
  hold: Hold;
  capture: StoredCapture;
  releasedCents: bigint;
  capturedAt: Date;
  transfers: readonly PostedTransfer[];
}

/**
 * The facts of a capture that was made before.
 * @throws INTERNAL when a captured hold lacks its capture
 */
export async function captureFacts(
  db: Pool | ClientBase,
  { hold, resolution }: HoldWithResolution,
): Promise<CaptureFacts> {
  const capture = await findCapture(db, hold.id);
  if (capture === undefined || resolution === undefined) {
    throw commonFaults.INTERNAL(`hold ${hold.id} is captured, but its capture is gone`);
  }
  const transfers = await findTransfers(db, hold.transactionId, `capture:${hold.id}:`);
  const { releasedCents, resolvedAt: capturedAt } = resolution;
  return { hold, capture, releasedCents, capturedAt, transfers };
}

/** A decided capture in the form it is stored in, so that first and repeated answers are made the same way. */
export function asStored(settled: SettledCapture): StoredCapture {
  return {
    ...settled,
    legs: settled.legs.map((leg) => ({
      ...leg,
      providerId: leg.candidate.providerId,
      deviationPpm: leg.deviationPpm ?? null,
      method: enumName(common.TokenMethod, leg.method) ?? 'REPORTED',
    })),
  };
}

export function toCaptureResponse(facts: CaptureFacts, replayed: boolean): heidrun.CapturePreAuthResponse {
  const { hold, capture } = facts;
  const sum = (field: 'inputTokens' | 'outputTokens') => capture.legs.reduce((total, leg) => total + leg[field], 0n);
  const inputTokens = sum('inputTokens');
  const outputTokens = sum('outputTokens');
  return {
    legs: capture.legs.map(toCapturedLeg),
    inputTokens,
    outputTokens,
    totalTokens: inputTokens + outputTokens,
    capturedCents: capture.capturedCents,
    releasedCents: facts.releasedCents,
    providerEarningsCents: capture.earningsCents,
    companyFeeCents: capture.feeCents,
    commissionRateBps: hold.commissionRateBps,
    transfers: facts.transfers.map(toWireTransfer),
    capturedAt: facts.capturedAt,
    cappedAtHold: capture.cappedAtHold,
    replayed,
    preauthId: hold.id,
    transactionId: hold.transactionId,
  };
}

function toCapturedLeg(leg: StoredLeg): heidrun.CapturedLeg {
  return {
    providerId: leg.providerId,
    inputTokens: leg.inputTokens,
    outputTokens: leg.outputTokens,
    method: common.TokenMethod[leg.method as keyof typeof common.TokenMethod],
    tokenizer: leg.tokenizer,
    costShareCents: leg.costShareCents,
    providerEarningsCents: leg.earningsCents,
    countedInputTokens: leg.countedInputTokens,
    countedOutputTokens: leg.countedOutputTokens,
    claimDeviation: leg.deviationPpm === null ? undefined : Number(leg.deviationPpm) / 1_000_000,
  };
}
