import { type MethodRule } from '@edda/grpc-kit';
import { type FastifyInstance } from 'fastify';
import { z } from 'zod';
import { njordrFaults } from '../../faults.ts';
import { type Offer, type ProviderDirectory } from '../../providers/provider-directory.ts';
import { type HttpCalls } from '../http/http-calls.ts';
import { errorResponses, openAiErrorSchema, readErrors } from '../http/schemas.ts';
import { modelListSchema, modelSchema } from './answer-schemas.ts';
import { isOffered } from '../../providers/visibility.ts';

export interface ModelsDeps {
  directory: Pick<ProviderDirectory, 'models' | 'offers'>;
  calls: HttpCalls;
  rule: MethodRule | undefined;
  /** Unix seconds; OpenAI's shape wants a time for each model. */
  created: number;
}

/** Adds GET /v1/models and /v1/models/:model: what the caller could ask for now. */
export function serveModels(app: FastifyInstance, { directory, calls, rule, created }: ModelsDeps): void {
  const target = { path: '/v1/models', rule };
  const describe = (model: string, networkId: string) => {
    const offers = directory.offers(model).filter((offer) => isOffered(offer, networkId));
    return offers.length === 0 ? undefined : describeModel(model, offers, created);
  };
  app.get('/v1/models', {
    schema: documentation('List the models on the market', 'listModels', modelListSchema),
    onRequest: (request, reply) => calls.admit(target, request, reply),
    handler: async (request) =>
      calls.run(request, async ({ identity: { networkId } }) => {
        const models = directory.models().sort();
        return {
          object: 'list',
          data: models.map((model) => describe(model, networkId)).filter((m) => m !== undefined),
        };
      }),
  });
  // A wildcard, because model names contain slashes.
  app.get('/v1/models/*', {
    schema: {
      ...documentation('Read one model', 'getModel', modelSchema),
      params: z.object({
        '*': z.string().min(1).max(200).meta({ description: 'Name of the model; may contain slashes.' }),
      }),
    },
    onRequest: (request, reply) => calls.admit(target, request, reply),
    handler: async (request) =>
      calls.run(request, async ({ identity: { networkId } }) => {
        const { '*': name } = request.params as { '*': string };
        const found = describe(name, networkId);
        if (found === undefined) throw njordrFaults.MODEL_UNKNOWN('No provider on the market offers this model.');
        return found;
      }),
  });
}

function describeModel(model: string, offers: readonly Offer[], created: number): z.output<typeof modelSchema> {
  return {
    id: model,
    object: 'model',
    created,
    owned_by: 'edda',
    edda: {
      providers: offers.length,
      available_providers: offers.filter((offer) => offer.available).length,
      max_context_length: offers.reduce((most, { contextLength }) => Math.max(most, Number(contextLength)), 0),
    },
  };
}

function documentation(summary: string, operationId: string, answer: z.ZodType): object {
  return {
    summary,
    operationId,
    tags: ['OpenAI-compatible'],
    response: {
      200: { description: summary, content: { 'application/json': { schema: answer } } },
      ...errorResponses(readErrors, 'application/json', openAiErrorSchema),
    },
  };
}
