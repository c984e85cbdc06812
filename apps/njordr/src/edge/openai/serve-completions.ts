import { randomUUID } from 'node:crypto';
import { type njordr } from '@edda/contracts';
import { type CallContext } from '@edda/grpc-kit';
import { type Clock } from '@edda/telemetry';
import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type z } from 'zod';
import { type EdgeSettings } from '../edge-settings.ts';
import { openAiErrorOf } from '../http/error-answer.ts';
import { eventText } from '../http/event-stream.ts';
import { type HttpCalls } from '../http/http-calls.ts';
import { errorResponses, openAiErrorSchema, writeErrors } from '../http/schemas.ts';
import { type ContractJson, type JsonObject } from '../json/contract-json.ts';
import { type Backend } from '../routes/backends.ts';
import { relayEvents } from '../routes/relay-events.ts';
import { acceptedHeaders, receiptHeaders } from './answer.ts';
import { type AnswerFormat, type FormatOptions } from './chat-format.ts';
import { type ChatBody, type CompletionBody, type EddaFields } from './chat-schema.ts';
import { assertKept, collectAnswer } from './collect-answer.ts';
import { eddaOf } from './edda-headers.ts';
import { inOpenAiTerms } from './in-openai-terms.ts';
import { type RetryKeys } from './retry-keys.ts';

export interface CompletionsDeps {
  contract: ContractJson;
  calls: HttpCalls;
  /** ComputeService/ExecuteRequest. */
  execute: Backend;
  retryKeys: RetryKeys;
  settings: () => EdgeSettings;
  clock: Clock;
}

/** What tells the two completion paths apart. */
export interface CompletionRoute<Body> {
  url: string;
  summary: string;
  operationId: string;
  idPrefix: string;
  body: z.ZodType;
  answer: z.ZodType;
  parameters: (body: Body, edda: EddaFields) => JsonObject;
  format: (options: FormatOptions) => AnswerFormat;
}

type Events = (ctx: CallContext) => AsyncIterable<njordr.ExecuteRequestResponse>;

/** Adds one of OpenAI's completion paths; both run ComputeService/ExecuteRequest. */
export function serveCompletions<Body extends ChatBody | CompletionBody>(
  app: FastifyInstance,
  route: CompletionRoute<Body>,
  deps: CompletionsDeps,
): void {
  const { calls, execute, settings, contract } = deps;
  const message = contract.message('edda.njordr.v1.ExecuteRequestRequest');
  const parameters = contract.message('edda.njordr.v1.ComputeParameters');
  const target = { path: execute.path, rule: execute.rule, longAnswer: true };
  app.post(route.url, {
    schema: documentation(route),
    onRequest: (request, reply) => calls.admit(target, request, reply),
    handler: async (request, reply) => {
      const body = request.body as Body;
      const json = route.parameters(body, eddaOf(request.headers, body.edda, parameters));
      const format = route.format({
        id: `${route.idPrefix}-${randomUUID().replaceAll('-', '')}`,
        model: body.model,
        created: Math.floor(deps.clock.now().getTime() / 1_000),
        includeUsage: body.stream_options?.include_usage === true,
      });
      const attempt = attemptOf(request);
      const events: Events = async function* (ctx) {
        const key = ctx.idempotencyHeader ?? (await deps.retryKeys.keyFor(ctx.identity, route.url, body, attempt));
        const input = message.toMessage({ idempotency_key: key, parameters: json });
        yield* execute.stream(input, ctx) as AsyncIterable<unknown> as AsyncIterable<njordr.ExecuteRequestResponse>;
      };
      try {
        if (body.stream === true) return await stream(request, reply, deps, events, format);
        const answer = await calls.run(request, (ctx) => collectAnswer(events(ctx), settings().maxAnswerBytes));
        return await reply.headers(receiptHeaders(answer.receipt, answer.accepted)).send(format.whole(answer));
      } catch (error) {
        throw inOpenAiTerms(error);
      }
    },
  });
}

async function stream(
  request: FastifyRequest,
  reply: FastifyReply,
  { calls, settings }: CompletionsDeps,
  events: Events,
  format: AnswerFormat,
): Promise<FastifyReply> {
  let accepted: njordr.ExecutionAccepted | undefined;
  let silent = true;
  const text = ({ event }: njordr.ExecuteRequestResponse): string => {
    switch (event?.$case) {
      case 'accepted':
        accepted = event.value;
        return textOf([format.opening()]);
      case 'chunk':
        silent = false;
        return textOf([format.piece(event.value)]);
      case 'receipt':
        if (accepted === undefined) throw new Error('a receipt before the acceptance');
        if (silent) assertKept(accepted, event.value);
        return textOf(format.closing(event.value, accepted));
      case 'failover':
      case undefined:
        return '';
    }
  };
  await relayEvents(calls, request, reply, {
    events,
    headers: ({ event }) => (event?.$case === 'accepted' ? acceptedHeaders(event.value) : {}),
    text,
    // Until the first token a failure can still get its own status, which the SDKs know to retry.
    opens: ({ event }) => event?.$case === 'chunk' || event?.$case === 'receipt',
    last: eventText('[DONE]'),
    failure: (fault) => eventText(openAiErrorOf(fault)),
    keepAliveMs: settings().keepAliveCommentMs,
  });
  return reply;
}

function textOf(objects: readonly (object | undefined)[]): string {
  return objects.map((object) => (object === undefined ? '' : eventText(object))).join('');
}

/** The attempt's number that OpenAI's SDKs send; undefined for other clients. */
function attemptOf(request: FastifyRequest): number | undefined {
  const given = request.headers['x-stainless-retry-count'];
  return typeof given === 'string' && /^\d{1,3}$/.test(given) ? Number(given) : undefined;
}

function documentation(route: Pick<CompletionRoute<never>, 'summary' | 'operationId' | 'body' | 'answer'>): object {
  return {
    summary: route.summary,
    operationId: route.operationId,
    tags: ['OpenAI-compatible'],
    description:
      'Takes cost limit, time limit and preferences in the body’s `edda` object or as x-edda-… headers (x-edda-max-cost-cents, x-edda-only-providers, …). The bill comes back in `usage`, the `edda` object and x-edda-… headers. With "stream": true: server-sent events, `data: [DONE]` last.',
    body: route.body,
    response: {
      200: { description: 'The answer.', content: { 'application/json': { schema: route.answer } } },
      ...errorResponses(writeErrors, 'application/json', openAiErrorSchema),
    },
  };
}
