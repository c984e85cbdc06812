import { common, enumName, njordr } from '@edda/contracts';
import { type Fault } from '@edda/faults';
import { type SequencedEvent } from '../events/new-event.ts';

/** Whose transaction it is; a row or a plan. */
export interface EventSubject {
  transactionId: string;
  requesterId: string;
  networkId: string;
}

/** The second and last event of a transaction's own life; the first one tells how it was accepted. */
export function endEvent(of: EventSubject, receipt: njordr.Receipt, fault: Fault | undefined): SequencedEvent {
  const { status, finishReason } = receipt;
  return {
    subject: `transaction:${of.transactionId}`,
    sequence: 2n,
    type: `njordr.transaction.${(enumName(njordr.TransactionStatus, status) ?? 'failed').toLowerCase()}`,
    payload: {
      transaction_id: of.transactionId,
      request_id: receipt.requestId,
      user_id: of.requesterId,
      network_id: of.networkId,
      provider_id: receipt.providerIds.at(-1) ?? '',
      provider_ids: receipt.providerIds,
      owner_earnings: receipt.legs.map(({ providerId, earningsCents }) => ({
        provider_id: providerId,
        earnings_cents: earningsCents,
      })),
      model: receipt.model,
      finish_reason: enumName(common.FinishReason, finishReason) ?? '',
      cost_limited: receipt.costLimited,
      input_tokens: receipt.inputTokens,
      output_tokens: receipt.outputTokens,
      token_method: enumName(common.TokenMethod, receipt.tokenMethod) ?? '',
      total_cost_cents: receipt.totalCostCents,
      provider_earnings_cents: receipt.providerEarningsCents,
      company_fee_cents: receipt.companyFeeCents,
      released_cents: receipt.releasedCents,
      attempts: receipt.routing?.attempts ?? 0,
      ttft_ms: receipt.timings?.ttftMs ?? null,
      total_ms: receipt.timings?.totalMs ?? 0n,
      failure_reason: fault?.reason ?? '',
    },
  };
}
