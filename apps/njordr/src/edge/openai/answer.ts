import { common, enumName, njordr } from '@edda/contracts';

/** OpenAI's reasons; those it does not have mean that the text is incomplete, which its clients know as `length`. */
export function finishReasonOf(reason: common.FinishReason): 'stop' | 'length' | 'tool_calls' | 'content_filter' {
  const { STOP, TOOL_CALLS, CONTENT_FILTER, UNSPECIFIED } = common.FinishReason;
  if (reason === STOP || reason === UNSPECIFIED) return 'stop';
  if (reason === TOOL_CALLS) return 'tool_calls';
  return reason === CONTENT_FILTER ? 'content_filter' : 'length';
}

export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
}

export function usageOf({ inputTokens, outputTokens }: njordr.Receipt): Usage {
  const [prompt, completion] = [Number(inputTokens), Number(outputTokens)];
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

/** The bill in short, as the `edda` object of an answer has it. */
export function eddaObject(receipt: njordr.Receipt, accepted: njordr.ExecutionAccepted): Record<string, unknown> {
  return {
    request_id: receipt.requestId,
    transaction_id: receipt.transactionId,
    status: enumName(njordr.TransactionStatus, receipt.status),
    finish_reason: enumName(common.FinishReason, receipt.finishReason),
    provider_id: receipt.providerIds[0] ?? accepted.providerId,
    provider_ids: receipt.providerIds,
    input_tokens: Number(receipt.inputTokens),
    output_tokens: Number(receipt.outputTokens),
    total_cost_cents: Number(receipt.totalCostCents),
    provider_earnings_cents: Number(receipt.providerEarningsCents),
    company_fee_cents: Number(receipt.companyFeeCents),
    released_cents: Number(receipt.releasedCents),
    cost_limited: receipt.costLimited,
    token_method: enumName(common.TokenMethod, receipt.tokenMethod),
    replayed: accepted.replayed,
  };
}

/** Headers known when a request is accepted. */
export function acceptedHeaders(accepted: njordr.ExecutionAccepted): Record<string, string> {
  return {
    'x-edda-request-id': accepted.requestId,
    'x-edda-transaction-id': accepted.transactionId,
    'x-edda-provider-id': accepted.providerId,
    'x-edda-held-cents': String(accepted.heldCents),
  };
}

/** Headers known when it is billed; of answers that do not stream only. */
export function receiptHeaders(receipt: njordr.Receipt, accepted: njordr.ExecutionAccepted): Record<string, string> {
  return {
    ...acceptedHeaders(accepted),
    'x-edda-provider-id': receipt.providerIds[0] ?? accepted.providerId,
    'x-edda-status': enumName(njordr.TransactionStatus, receipt.status) ?? '',
    'x-edda-total-cost-cents': String(receipt.totalCostCents),
  };
}
