import { type heidrun } from '@edda/contracts';
import { type GrpcClient, type RulesTable, type ServiceEntry, type TokenVerifier } from '@edda/grpc-kit';
import { type SharedCache } from '@edda/redis-kit';
import { type Clock, type Logger, type Metrics, systemClock, type Tracer } from '@edda/telemetry';
import { type FastifyInstance } from 'fastify';
import { type CallLimits } from '../limits/call-limits.ts';
import { type ProviderDirectory } from '../providers/provider-directory.ts';
import { addDocs } from './docs.ts';
import { type EdgeSettings } from './edge-settings.ts';
import { answerErrors } from './http/answer-errors.ts';
import { addCors } from './http/cors.ts';
import { createApp } from './http/create-app.ts';
import { createHttpCalls, type HttpCalls } from './http/http-calls.ts';
import { createHttpMetrics } from './http/http-metrics.ts';
import { type ContractJson, createContractJson } from './json/contract-json.ts';
import { chatAnswerSchema, completionAnswerSchema } from './openai/answer-schemas.ts';
import { chatFormat } from './openai/chat-format.ts';
import { chatSchema, completionSchema } from './openai/chat-schema.ts';
import { completionFormat } from './openai/completion-format.ts';
import { createRetryKeys } from './openai/retry-keys.ts';
import { type CompletionsDeps, serveCompletions } from './openai/serve-completions.ts';
import { serveModels } from './openai/serve-models.ts';
import { chatParameters, completionParameters } from './openai/to-parameters.ts';
import { type Backend, createBackends } from './routes/backends.ts';
import { laterOperations, providerOperations, requestOperations } from './routes/marketplace-operations.ts';
import { paymentOperations } from './routes/payment-operations.ts';
import { serveOperation } from './routes/serve-operation.ts';
import { serveWebhook } from './routes/serve-webhook.ts';

export interface EdgeDeps {
  /** The entries that the gRPC server serves; their handlers are called, nothing else. */
  services: readonly ServiceEntry[];
  /** The rules that the gRPC server applies. */
  rules: RulesTable;
  /** Heidrun's PaymentService. */
  payments: GrpcClient<typeof heidrun.PaymentServiceService>;
  directory: Pick<ProviderDirectory, 'models' | 'offers'>;
  verifier: TokenVerifier;
  /** Shared between replicas. */
  cache: SharedCache;
  limits: CallLimits;
  logger: Logger;
  metrics: Metrics;
  /** Opens a span for every request; without it there are none. */
  tracer?: Tracer | undefined;
  /** The settings group `http` as it is now. */
  settings: () => EdgeSettings;
  clock?: Clock;
}

/** The HTTP edge: REST, OpenAI-compatible paths and their documentation over the handlers of the gRPC services. */
export interface Edge {
  /** Binds and starts. @returns the bound port @throws Error when the port is taken */
  listen(address: { host: string; port: number }): Promise<number>;
  /** New requests answer DRAINING, running ones get `graceMs` (10,000) to finish, then all is closed. */
  close(options?: { graceMs?: number }): Promise<void>;
}

export async function createEdge(deps: EdgeDeps): Promise<Edge> {
  const { settings, verifier, limits, logger, metrics, tracer } = deps;
  const app = createApp(settings());
  const contract = createContractJson();
  const calls = createHttpCalls({ verifier, limits, logger, tracer, metrics: createHttpMetrics(metrics), settings });
  answerErrors(app, calls);
  addCors(app, () => settings().corsOrigins);
  await addDocs(app, contract);
  // In a plugin of its own, so that the documentation's hooks see every route.
  await app.register(async (routes) => addRoutes(routes, deps, contract, calls));
  await app.ready();
  let closing: Promise<void> | undefined;
  return {
    async listen({ host, port }) {
      await app.listen({ host, port });
      const address = app.server.address();
      return typeof address === 'object' && address !== null ? address.port : port;
    },
    close: ({ graceMs = 10_000 } = {}) => (closing ??= calls.drain(graceMs).then(() => app.close())),
  };
}

function addRoutes(app: FastifyInstance, deps: EdgeDeps, contract: ContractJson, calls: HttpCalls): void {
  const { settings, directory, clock = systemClock } = deps;
  const backend = createBackends(deps);
  const shared = { contract, calls, backend, settings };
  const operations = [...providerOperations, ...requestOperations, ...laterOperations, ...paymentOperations];
  for (const operation of operations) serveOperation(app, operation, shared);
  const of = (rpc: string): Backend => backend(rpc, contract.rpc(rpc).localName);
  serveWebhook(app, { contract, calls, backend: of('edda.heidrun.v1.PaymentService/HandlePaymentWebhook') });
  serveModels(app, {
    directory,
    calls,
    rule: of('edda.njordr.v1.ProviderService/ListProviders').rule,
    created: Math.floor(clock.now().getTime() / 1_000),
  });
  const execute = of('edda.njordr.v1.ComputeService/ExecuteRequest');
  const retryKeys = createRetryKeys({ clock, cache: deps.cache });
  addCompletions(app, { contract, calls, execute, retryKeys, settings, clock });
}

function addCompletions(app: FastifyInstance, deps: CompletionsDeps): void {
  serveCompletions(
    app,
    {
      url: '/v1/chat/completions',
      summary: 'Answer a conversation',
      operationId: 'createChatCompletion',
      idPrefix: 'chatcmpl',
      body: chatSchema,
      answer: chatAnswerSchema,
      parameters: chatParameters,
      format: chatFormat,
    },
    deps,
  );
  serveCompletions(
    app,
    {
      url: '/v1/completions',
      summary: 'Answer a prompt',
      operationId: 'createCompletion',
      idPrefix: 'cmpl',
      body: completionSchema,
      answer: completionAnswerSchema,
      parameters: completionParameters,
      format: completionFormat,
    },
    deps,
  );
}
