import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { type FastifyInstance } from 'fastify';
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { type ContractJson } from './json/contract-json.ts';

const description = [
  'Marketplace for AI compute. Amounts are integers in cents, times are ISO 8601, names are in snake_case.',
  'Send `Authorization: Bearer <token>`. Mutations take an `Idempotency-Key` header. Every answer has `x-request-id`.',
  'Errors are RFC 9457 problem documents with a stable `reason`; under /v1/ they have OpenAI’s shape.',
].join('\n\n');

type JsonSchema = Record<string, unknown>;

/**
 * Serves the API's description at /docs and, as OpenAPI 3.1, at /docs/json: made from the schemas that check the
 * requests. Call it before the routes are added.
 */
export async function addDocs(app: FastifyInstance, { names }: Pick<ContractJson, 'names'>): Promise<void> {
  const zodToJsonConfig = {
    override: ({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodType; jsonSchema: JsonSchema }) => {
      // The contract's names live in a registry of their own; descriptions and examples in zod's.
      const { description: text, example } = z.globalRegistry.get(zodSchema) ?? {};
      if (text !== undefined) jsonSchema.description = text;
      if (example !== undefined) jsonSchema.example = example;
    },
  };
  const options = { schemaRegistry: names, zodToJsonConfig } as Parameters<typeof createJsonSchemaTransform>[0];
  const withComponents = createJsonSchemaTransformObject(options);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Edda Marketplace', description, version: '1' },
      security: [{ token: [] }],
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
    },
    transform: createJsonSchemaTransform(options),
    transformObject: (document) => withoutUnused(withComponents(document)),
  });
  await app.register(swaggerUi, { routePrefix: '/docs' });
}

/** Every message is registered once for requests and once for answers; most appear in one of them only. */
function withoutUnused<Document extends object>(document: Document): Document {
  const { components, ...rest } = document as { components?: { schemas?: Record<string, unknown> } };
  const schemas = components?.schemas ?? {};
  const used = new Set<string>();
  const visit = (text: string) => {
    for (const [, name = ''] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      if (used.has(name)) continue;
      used.add(name);
      visit(JSON.stringify(schemas[name] ?? {}));
    }
  };
  visit(JSON.stringify(rest));
  const kept = Object.fromEntries(Object.entries(schemas).filter(([name]) => used.has(name)));
  return { ...rest, components: { ...components, schemas: kept } } as Document;
}
