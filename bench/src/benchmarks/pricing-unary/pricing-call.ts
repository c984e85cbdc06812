import { heidrun } from '@edda/contracts';
import { type GrpcCall } from '../../load/grpc-connection.ts';

export const provider = { providerId: 'prv-bench', model: 'llama-3.1-8b' };

/** 25 cents per 1,000 input tokens and 75 per 1,000 output tokens. */
export const price = { priceCents: 25n, outputPriceCents: 75n, priceUnitTokens: 1_000n };

/** 1,234 × 0.025 + 567 × 0.075 = 30.85 + 42.525 = 73.375 cents, rounded up. */
const totalCostCents = 74n;

/** The call that is measured, and the one right answer to it. */
export function pricingCall(token: string): GrpcCall {
  return {
    path: heidrun.PricingServiceService.calculatePricing.path,
    metadata: { authorization: `Bearer ${token}`, 'grpc-timeout': '10S' },
    request: heidrun.CalculatePricingRequest.encode({
      requestId: '0199c2b4-5a43-7cc1-9d4f-6a3b0c8de510',
      ...provider,
      amount: { $case: 'split', value: { inputTokens: 1_234n, outputTokens: 567n } },
      priceVersion: undefined,
    }).finish(),
    expected: heidrun.CalculatePricingResponse.encode({ totalCostCents, ...price, priceVersion: 1n }).finish(),
  };
}
