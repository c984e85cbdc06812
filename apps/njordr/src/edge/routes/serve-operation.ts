import { Fault, type FieldViolation } from '@edda/faults';
import { authorize, type CallContext } from '@edda/grpc-kit';
import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type EdgeSettings } from '../edge-settings.ts';
import { problemOf } from '../http/error-answer.ts';
import { eventText } from '../http/event-stream.ts';
import { type HttpCalls } from '../http/http-calls.ts';
import { errorResponses, problemSchema, readErrors, writeErrors } from '../http/schemas.ts';
import { type ContractJson, type JsonObject, type MessageJson } from '../json/contract-json.ts';
import { type Backend } from './backends.ts';
import { mutationKey } from './idempotency-key.ts';
import { type Operation } from './operation.ts';
import { type OperationSchema, operationSchema } from './operation-schema.ts';
import { relayEvents } from './relay-events.ts';

export interface OperationDeps {
  contract: ContractJson;
  calls: HttpCalls;
  backend: (rpc: string, local: string) => Backend;
  settings: () => EdgeSettings;
}

/** Adds the route of one operation. */
export function serveOperation(app: FastifyInstance, operation: Operation, deps: OperationDeps): void {
  const { contract, calls } = deps;
  const shape = operationSchema(operation, contract);
  const backend = deps.backend(operation.rpc, contract.rpc(operation.rpc).localName);
  const events = operation.streamed === undefined ? undefined : streamOf(operation, operation.streamed, deps);
  const target = { path: backend.path, rule: backend.rule, longAnswer: events !== undefined };
  app.route({
    method: operation.method,
    url: operation.url,
    schema: documentation(operation, shape, contract),
    onRequest: (request, reply) => calls.admit(target, request, reply),
    preValidation: async (request) => {
      request.query = shape.readQuery(request.query as JsonObject);
      if (shape.body !== undefined) request.body ??= {};
    },
    handler: async (request, reply) => {
      const { stream, ...pieces } = piecesOf(request);
      try {
        if (events !== undefined && stream === true) return await events(request, reply, shape, pieces);
        const answer = await calls.run(request, async (ctx) =>
          shape.toAnswer(await backend.unary(shape.toMessage(withKey(operation, shape, pieces, ctx)), ctx)),
        );
        return await reply.code(operation.status ?? 200).send(answer);
      } catch (error) {
        throw withoutPrefix(error, operation.spread);
      }
    },
  });
}

function piecesOf(request: FastifyRequest): JsonObject {
  const { params, query, body } = request as { params: JsonObject; query: JsonObject; body: JsonObject | undefined };
  return { ...query, ...body, ...params };
}

function withKey(
  { keyOptional }: Operation,
  { mutates }: OperationSchema,
  pieces: JsonObject,
  ctx: CallContext,
): JsonObject {
  if (!mutates) return pieces;
  const inBody = typeof pieces.idempotency_key === 'string' ? pieces.idempotency_key : '';
  return { ...pieces, idempotency_key: mutationKey(ctx.idempotencyHeader, inBody, keyOptional === true) };
}

type Streaming = (
  request: FastifyRequest,
  reply: FastifyReply,
  shape: OperationSchema,
  pieces: JsonObject,
) => Promise<FastifyReply>;

/** Serves the streaming twin of an operation; both take the same fields. */
function streamOf(operation: Operation, rpc: string, { contract, backend, calls, settings }: OperationDeps): Streaming {
  const { response, localName } = contract.rpc(rpc);
  const twin = backend(rpc, localName);
  return async (request, reply, shape, pieces) => {
    await relayEvents(calls, request, reply, {
      events: (ctx) => {
        authorize(twin.rule, ctx.identity, ctx.identity);
        return twin.stream(shape.toMessage(withKey(operation, shape, pieces, ctx)), asMethod(ctx, twin.path));
      },
      headers: () => ({}),
      text: (event) => namedEvent(response, event),
      opens: () => true,
      last: '',
      failure: (fault) => eventText(problemOf(fault, reply.getHeader('x-request-id') as string), 'error'),
      keepAliveMs: settings().keepAliveCommentMs,
    });
    return reply;
  };
}

/** The oneof's case names the event, its value is the data. */
function namedEvent(response: MessageJson, event: JsonObject): string {
  const [entry] = Object.entries(response.toJson(event));
  return entry === undefined ? '' : eventText(entry[1], entry[0]);
}

/** The same call under the name of the RPC it runs: keys and logs are per method. */
export function asMethod(ctx: CallContext, method: string): CallContext {
  const { identity, requestId, idempotencyHeader, draining, deadline, logger } = ctx;
  return {
    identity,
    requestId,
    ...(idempotencyHeader !== undefined && { idempotencyHeader }),
    draining,
    deadline,
    logger,
    method,
    get signal() {
      return ctx.signal;
    },
  };
}

/** Fields that stood in the body directly are named as they stood there. */
function withoutPrefix(error: unknown, prefix: string | undefined): unknown {
  if (!(error instanceof Fault) || prefix === undefined || error.violations.length === 0) return error;
  const rename = ({ field, description }: FieldViolation) => ({
    field: field.startsWith(`${prefix}.`) ? field.slice(prefix.length + 1) : field,
    description,
  });
  const { kind, reason, domain, metadata, retryAfterMs, cause } = error;
  return new Fault(kind, reason, error.message.replaceAll(`${prefix}.`, ''), {
    domain,
    metadata,
    violations: error.violations.map(rename),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    cause,
  });
}

const idempotencyHeader =
  'An `Idempotency-Key` header (or the body’s idempotency_key) makes a repeated call the same call for 7 days.';

function documentation(operation: Operation, shape: OperationSchema, contract: ContractJson): object {
  const { summary, tag, later } = operation;
  const texts = [
    operation.description,
    shape.mutates ? idempotencyHeader : undefined,
    later ? 'Answers 501 in this version.' : undefined,
  ];
  const errors = [...(operation.method === 'GET' ? readErrors : writeErrors), ...(later ? [501] : [])];
  const answer = { description: summary, content: { 'application/json': { schema: shape.answer } } };
  return {
    summary,
    tags: [tag],
    operationId: contract.rpc(operation.rpc).localName,
    description: texts.filter((text) => text !== undefined).join('\n\n'),
    ...(shape.params !== undefined && { params: shape.params }),
    ...(shape.query !== undefined && { querystring: shape.query }),
    ...(shape.body !== undefined && {
      body: operation.example === undefined ? shape.body : shape.body.meta({ example: operation.example }),
    }),
    response: {
      [operation.status ?? 200]: answer,
      ...errorResponses(errors, 'application/problem+json', problemSchema),
    },
  };
}
