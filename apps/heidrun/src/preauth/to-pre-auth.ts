import { heidrun } from '@edda/contracts';
import { toPinnedPrice } from './candidate.ts';
import { type HoldWithResolution, stateOf } from './hold.ts';

/** A hold as the contract shows it. */
export function toPreAuth(found: HoldWithResolution): heidrun.PreAuth {
  const { hold, resolution } = found;
  return {
    preauthId: hold.id,
    transactionId: hold.transactionId,
    requestId: hold.requestId,
    requesterId: hold.requesterId,
    networkId: hold.networkId,
    model: hold.model,
    status: heidrun.PreAuthStatus[stateOf(found)],
    heldCents: hold.heldCents,
    outputBudgetTokens: hold.outputBudgetTokens,
    inputTokens: hold.inputTokens,
    pinnedPrices: hold.candidates.map(toPinnedPrice),
    commissionRateBps: hold.commissionRateBps,
    createdAt: hold.createdAt,
    expiresAt: hold.expiresAt,
    resolvedAt: resolution?.resolvedAt,
  };
}
