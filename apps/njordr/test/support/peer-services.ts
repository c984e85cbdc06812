import { heidrun, nornen } from '@edda/contracts';
import { createGrpcClient, createGrpcServer, implement, type TokenMinter, type TokenVerifier } from '@edda/grpc-kit';
import { createMetrics, silentLogger } from '@edda/telemetry';
import { type ProviderPeers } from '../../src/providers/provider-peers.ts';

/** What the peers answer and what they were asked; tests change the first and read the second. */
export interface PeerState {
  payoutReady: boolean;
  decision: { outcome: nornen.DecisionOutcome; reason: string };
  /** Makes SetPricingConfig fail while true. */
  pricingDown: boolean;
  prices: heidrun.SetPricingConfigRequest[];
  decided: nornen.DecideProviderRegistrationRequest[];
  checked: { userId: string; subject: string; listedSeconds?: number | undefined }[];
}

/** Heidrun and Nornen as far as registration needs them, over a real socket. */
export async function startPeers(minter: TokenMinter, verifier: TokenVerifier) {
  const state: PeerState = {
    payoutReady: true,
    decision: { outcome: nornen.DecisionOutcome.APPROVED, reason: '' },
    pricingDown: false,
    prices: [],
    decided: [],
    checked: [],
  };
  const versions = new Map<string, bigint>();
  const answered = new Map<string, bigint>();
  const server = createGrpcServer({
    service: 'peers',
    services: [
      implement(heidrun.PaymentServiceService, {
        checkPaymentReadiness: async (request, { identity }) => {
          const { userId, listedSeconds } = request;
          state.checked.push({ userId, subject: identity.subject, listedSeconds });
          const reason = state.payoutReady ? '' : 'There is no payment method for this purpose.';
          return heidrun.CheckPaymentReadinessResponse.fromPartial({ ready: state.payoutReady, reason });
        },
      }),
      implement(heidrun.PricingServiceService, {
        setPricingConfig: async (request) => {
          if (state.pricingDown) throw new Error('down');
          const key = `${request.providerId}/${request.model}`;
          const known = answered.get(request.idempotencyKey);
          const priceVersion = known ?? (versions.get(key) ?? 0n) + 1n;
          if (known === undefined) state.prices.push(request);
          versions.set(key, priceVersion);
          answered.set(request.idempotencyKey, priceVersion);
          return heidrun.SetPricingConfigResponse.fromPartial({
            config: { priceVersion },
            replayed: known !== undefined,
          });
        },
      }),
      implement(nornen.DecisionServiceService, {
        decideProviderRegistration: async (request) => {
          state.decided.push(request);
          const decisionId = `decision-${request.idempotencyKey}`.slice(0, 64);
          const decision = { decisionId, ...state.decision, reasonCode: 'POLICY' };
          return nornen.DecideProviderRegistrationResponse.fromPartial({ decision });
        },
      }),
    ],
    rules: {
      [heidrun.PaymentServiceService.checkPaymentReadiness.path]: { roles: ['service'] },
      [heidrun.PricingServiceService.setPricingConfig.path]: { roles: ['service'] },
      [nornen.DecisionServiceService.decideProviderRegistration.path]: { roles: ['service'] },
    },
    auth: verifier,
    logger: silentLogger(),
    metrics: createMetrics({ service: 'peers', processMetrics: false }),
  });
  const port = await server.listen({ host: '127.0.0.1', port: 0 });
  const claims = { subject: 'njordr', networkId: 'edda', roles: ['service'] as const, ttlSeconds: 600 };
  const options = {
    address: `127.0.0.1:${port}`,
    token: minter.provider(claims),
    logger: silentLogger(),
    retries: false as const,
    breaker: false as const,
  };
  const payments = createGrpcClient(heidrun.PaymentServiceService, options);
  const pricing = createGrpcClient(heidrun.PricingServiceService, options);
  const decisions = createGrpcClient(nornen.DecisionServiceService, options);
  const peers: ProviderPeers = { payments, pricing, decisions };
  return {
    state,
    peers,
    async close() {
      for (const client of [payments, pricing, decisions]) client.close();
      await server.close({ graceMs: 100 });
    },
  };
}
