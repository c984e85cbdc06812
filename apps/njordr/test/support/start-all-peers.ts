import { eikthyrnir, heidrun, nornen } from '@edda/contracts';
import { createGrpcServer, type Handlers, implement, type RulesTable, type TokenVerifier } from '@edda/grpc-kit';
import { createMetrics, silentLogger } from '@edda/telemetry';

type PreAuth = Handlers<typeof heidrun.PreAuthServiceService>;

/** Heidrun, Nornen and Eikthyrnir as one small server that approves of everything. */
export async function startAllPeers(preAuth: PreAuth, auth: TokenVerifier) {
  const received = { events: [] as string[], observations: [] as eikthyrnir.Observation[] };
  let priceVersion = 0n;
  const services = [
    implement(heidrun.PreAuthServiceService, preAuth),
    implement(heidrun.PaymentServiceService, {
      checkPaymentReadiness: async () => heidrun.CheckPaymentReadinessResponse.fromPartial({ ready: true }),
    }),
    implement(heidrun.PricingServiceService, {
      setPricingConfig: async () =>
        heidrun.SetPricingConfigResponse.fromPartial({ config: { priceVersion: (priceVersion += 1n) } }),
    }),
    implement(nornen.DecisionServiceService, {
      decideProviderRegistration: async () =>
        nornen.DecideProviderRegistrationResponse.fromPartial({
          decision: { decisionId: 'd', outcome: nornen.DecisionOutcome.APPROVED },
        }),
      async *watchPolicies(_, ctx) {
        yield nornen.WatchPoliciesResponse.fromPartial({ snapshot: { version: 1n, policies: [] } });
        await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve));
      },
    }),
    implement(nornen.HistoryServiceService, {
      async ingestEvents(batches) {
        for await (const { events } of batches) received.events.push(...events.map(({ type }) => type));
        return nornen.IngestEventsResponse.fromPartial({});
      },
    }),
    implement(eikthyrnir.QualityServiceService, {
      async recordObservations({ observations }) {
        received.observations.push(...observations);
        return { accepted: BigInt(observations.length), duplicates: 0n };
      },
    }),
  ];
  const rules: RulesTable = Object.fromEntries(
    services
      .flatMap(({ definition }) => Object.values(definition))
      .map(({ path }) => [path, { roles: ['service'], longLived: path.includes('Watch') }]),
  );
  const metrics = createMetrics({ service: 'peers', processMetrics: false });
  const server = createGrpcServer({ service: 'peers', services, rules, auth, logger: silentLogger(), metrics });
  const port = await server.listen({ host: '127.0.0.1', port: 0 });
  return { address: `127.0.0.1:${port}`, received, close: () => server.close({ graceMs: 100 }) };
}
