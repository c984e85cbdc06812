import { describe, expect, it } from 'vitest';
import { startEdge } from './edge-fixture.ts';

interface Operation {
  summary?: string;
  description?: string;
  operationId?: string;
  security?: unknown[];
  responses: Record<string, { content?: Record<string, { schema: { $ref?: string } }> }>;
  parameters?: { name: string; in: string }[];
  requestBody?: { content: Record<string, { schema: Record<string, unknown> }> };
}

interface Description {
  openapi: string;
  security: unknown[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Record<string, unknown>>; securitySchemes: unknown };
}

async function describeEdge(): Promise<Description> {
  const edge = await startEdge();
  const answer = await edge.call('GET', '/docs/json', { token: null });
  expect(answer.status).toBe(200);
  return answer.json as unknown as Description;
}

const routes = [
  'post /api/v1/marketplace/providers/register',
  'get /api/v1/marketplace/providers',
  'get /api/v1/marketplace/providers/{provider_id}',
  'put /api/v1/marketplace/providers/{provider_id}',
  'delete /api/v1/marketplace/providers/{provider_id}',
  'post /api/v1/marketplace/requests',
  'get /api/v1/marketplace/requests/{request_id}',
  'delete /api/v1/marketplace/requests/{request_id}',
  'post /api/v1/marketplace/requests/quote',
  'get /api/v1/marketplace/requests/{request_id}/routing',
  'post /api/v1/marketplace/requests/{request_id}/feedback',
  'get /api/v1/marketplace/transactions',
  'get /api/v1/marketplace/transactions/{transaction_id}',
  'post /api/v1/marketplace/transactions/{transaction_id}/refund',
  'post /api/v1/marketplace/transactions/{transaction_id}/disputes',
  'get /api/v1/marketplace/analytics/provider',
  'get /api/v1/marketplace/analytics/requester',
  'get /api/v1/marketplace/statistics',
  'get /api/v1/marketplace/api-keys',
  'post /api/v1/marketplace/api-keys',
  'delete /api/v1/marketplace/api-keys/{api_key_id}',
  'get /api/v1/payments/methods',
  'post /api/v1/payments/methods',
  'delete /api/v1/payments/methods/{payment_method_id}',
  'post /api/v1/payments/methods/{payment_method_id}/verify',
  'post /api/v1/payments/top-ups',
  'get /api/v1/payments/balance',
  'get /api/v1/payments/payouts',
  'post /api/v1/payments/payouts',
  'post /api/v1/payments/webhooks/{payment_provider}',
  'post /v1/chat/completions',
  'post /v1/completions',
  'get /v1/models',
  'get /v1/models/{*}',
];

describe('/docs/json', () => {
  it('is OpenAPI 3.1 with every route of the contract, each with a summary, errors and a security scheme', async () => {
    const { openapi, security, paths, components } = await describeEdge();
    expect(openapi).toBe('3.1.0');
    expect(security).toEqual([{ token: [] }]);
    expect(components.securitySchemes).toEqual({ token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } });
    const found = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ route: `${method} ${path}`, operation })),
    );
    expect(found.map(({ route }) => route).sort()).toEqual([...routes].sort());
    for (const { route, operation } of found) {
      expect(operation.summary, route).toBeTruthy();
      expect(Object.keys(operation.responses), route).toEqual(expect.arrayContaining(['400', '401', '500']));
      expect(operation.responses['400']?.content, route).toHaveProperty([
        route.includes(' /v1/') ? 'application/json' : 'application/problem+json',
      ]);
    }
    const ids = found.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('says what answers UNIMPLEMENTED', async () => {
    const { paths } = await describeEdge();
    const refund = paths['/api/v1/marketplace/transactions/{transaction_id}/refund']?.post;
    expect(refund?.responses).toHaveProperty('501');
    expect(refund?.description).toContain('501 in this version');
    expect(paths['/api/v1/marketplace/requests']?.post?.responses).not.toHaveProperty('501');
  });

  it('refers to the contract’s messages by name; every reference leads somewhere', async () => {
    const description = await describeEdge();
    const { paths, components } = description;
    const read = paths['/api/v1/marketplace/providers/{provider_id}']?.get;
    expect(read?.responses['200']?.content?.['application/json']?.schema).toEqual({
      $ref: '#/components/schemas/Provider',
    });
    const references = JSON.stringify(description).matchAll(/"#\/components\/schemas\/([^"]+)"/g);
    for (const [, name = ''] of references) expect(components.schemas, name).toHaveProperty([name]);
    expect(components.schemas.Provider).toMatchObject({
      properties: {
        status: { enum: expect.arrayContaining(['ACTIVE']) as unknown },
        created_at: { format: 'date-time' },
      },
    });
  });

  it('has bodies with examples and query parameters with their types', async () => {
    const { paths } = await describeEdge();
    const create = paths['/api/v1/marketplace/requests']?.post?.requestBody?.content['application/json']?.schema;
    expect(create).toMatchObject({
      properties: { model: { type: 'string' }, stream: { type: 'boolean' }, max_cost_cents: { type: 'integer' } },
      example: { model: 'llama3.2' },
      additionalProperties: false,
    });
    expect(create?.required).toBeUndefined();
    const list = paths['/api/v1/marketplace/providers']?.get?.parameters?.map((parameter) => parameter.name);
    expect(list).toEqual(expect.arrayContaining(['page_size', 'model', 'statuses']));
  });
});

describe('/docs', () => {
  it('shows the description to browsers, without a token', async () => {
    const edge = await startEdge();
    const page = await edge.call('GET', '/docs', { token: null });
    expect(page.status).toBe(200);
    expect(page.text).toContain('swagger-ui');
  });
});

describe('CORS', () => {
  const origin = 'https://app.example.org';
  const preflight = {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization',
  };

  it('is off by default', async () => {
    const edge = await startEdge();
    const answer = await edge.call('GET', '/v1/models', { headers: { origin } });
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    expect((await edge.call('OPTIONS', '/v1/models', { token: null, headers: preflight })).status).toBe(404);
  });

  it('lets the origins in that the settings name, also on streams and errors', async () => {
    const edge = await startEdge({ settings: { corsOrigins: [origin] } });
    const asked = await edge.call('OPTIONS', '/v1/chat/completions', { token: null, headers: preflight });
    expect(asked.status).toBe(204);
    expect(asked.headers.get('access-control-allow-headers')).toBe('authorization');
    const answer = await edge.call('GET', '/v1/models', { token: null, headers: { origin } });
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
    const other = await edge.call('GET', '/v1/models', { headers: { origin: 'https://evil.example' } });
    expect(other.headers.get('access-control-allow-origin')).toBeNull();
  });
});
