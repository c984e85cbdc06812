import { commonFaults } from '@edda/faults';
import { type heidrun } from '@edda/contracts';
import { type CallContext, type GrpcClient, type MethodRule, type RulesTable, type ServiceEntry } from '@edda/grpc-kit';
import { type JsonObject } from '../json/contract-json.ts';

/** What stands behind a route. */
export interface Backend {
  /** Full path of the RPC, `/edda.njordr.v1.ProviderService/GetProvider`. */
  readonly path: string;
  readonly rule: MethodRule | undefined;
  unary(request: JsonObject, ctx: CallContext): Promise<JsonObject>;
  stream(request: JsonObject, ctx: CallContext): AsyncIterable<JsonObject>;
}

export interface BackendsOptions {
  /** The entries that the gRPC server serves: both sides run the same functions. */
  services: readonly ServiceEntry[];
  rules: RulesTable;
  /** Payments live in Heidrun; Njörðr asks there in its caller's name. */
  payments: GrpcClient<typeof heidrun.PaymentServiceService>;
}

const paymentService = 'edda.heidrun.v1.PaymentService';
const own: MethodRule = { roles: ['user', 'provider', 'admin'] };

/** Rules of what is not in Njörðr's own table; Heidrun checks again. */
const forwardedRules: RulesTable = {
  [`/${paymentService}/HandlePaymentWebhook`]: { roles: ['service'], public: true },
  '/edda.eikthyrnir.v1.QualityService/SubmitFeedback': { roles: ['user'] },
};

type Handler = (request: unknown, ctx: CallContext) => Promise<unknown> | AsyncIterable<unknown>;

/** Finds what serves an RPC: an own handler, Heidrun, or nothing yet (UNIMPLEMENTED). */
export function createBackends({
  services,
  rules,
  payments,
}: BackendsOptions): (rpc: string, local: string) => Backend {
  const entries = new Map(services.map((entry) => [entry.name, entry]));
  return (rpc, local) => {
    const path = `/${rpc}`;
    const service = rpc.slice(0, rpc.indexOf('/'));
    const forwarded = service === paymentService;
    const handler: Handler = forwarded
      ? forwardTo(payments, local)
      : (entries.get(service)?.handlers[local] ?? unimplemented);
    return {
      path,
      rule: forwarded ? (forwardedRules[path] ?? own) : (rules[path] ?? forwardedRules[path]),
      unary: async (request, ctx) => (await (handler(request, ctx) as Promise<unknown>)) as JsonObject,
      stream: (request, ctx) => handler(request, ctx) as AsyncIterable<JsonObject>,
    };
  };
}

function forwardTo(client: GrpcClient<typeof heidrun.PaymentServiceService>, local: string): Handler {
  // The method's name comes from the contract, as the client's own names do; the message types went with it.
  const methods = client as unknown as Record<string, (request: unknown, options: object) => Promise<unknown>>;
  return async (request, { identity, signal }) => {
    const { subject, networkId } = identity;
    const method = methods[local];
    if (method === undefined) return unimplemented();
    return method(request, { signal, ...(subject !== '' && { actAs: { subject, networkId } }) });
  };
}

function unimplemented(): never {
  throw commonFaults.UNIMPLEMENTED('This is not available yet.');
}
