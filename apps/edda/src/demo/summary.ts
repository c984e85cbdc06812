import { enumName, njordr } from '@edda/contracts';
import { toJsonInteger } from '@edda/money';
import { type Purchase } from './buy-answer.ts';

/** What `edda demo --json` prints. Amounts in whole cents, scores from 0 to 1. */
export interface DemoSummary {
  request_id: string;
  transaction_id: string;
  status: string;
  provider_id: string;
  input_tokens: number;
  output_tokens: number;
  total_cost_cents: number;
  provider_earnings_cents: number;
  company_fee_cents: number;
  ledger_balanced: boolean;
  routing: {
    considered: number;
    eligible: number;
    explored: boolean;
    candidates: {
      provider_id: string;
      score: number;
      terms: { price: number; quality: number; latency: number; availability: number; fairness: number };
    }[];
  };
}

export function summarize({ receipt, decision, transfers, ledger }: Purchase): DemoSummary {
  const split = transfers.reduce((sum, transfer) => sum + transfer.amountCents, 0n);
  return {
    request_id: receipt.requestId,
    transaction_id: receipt.transactionId,
    status: enumName(njordr.TransactionStatus, receipt.status) ?? 'UNKNOWN',
    provider_id: receipt.providerIds.at(-1) ?? '',
    input_tokens: toJsonInteger(receipt.inputTokens),
    output_tokens: toJsonInteger(receipt.outputTokens),
    total_cost_cents: toJsonInteger(receipt.totalCostCents),
    provider_earnings_cents: toJsonInteger(receipt.providerEarningsCents),
    company_fee_cents: toJsonInteger(receipt.companyFeeCents),
    ledger_balanced: ledger.intact && split === receipt.totalCostCents,
    routing: {
      considered: toJsonInteger(decision.considered),
      eligible: toJsonInteger(decision.eligible),
      explored: decision.explored,
      candidates: decision.best.map(({ providerId, breakdown }) => ({
        provider_id: providerId,
        score: breakdown?.score ?? 0,
        terms: {
          price: breakdown?.price ?? 0,
          quality: breakdown?.quality ?? 0,
          latency: breakdown?.latency ?? 0,
          availability: breakdown?.availability ?? 0,
          fairness: breakdown?.fairness ?? 0,
        },
      })),
    },
  };
}
