import { type FastifyInstance, type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type HttpCalls } from '../http/http-calls.ts';
import { errorResponses, problemSchema, writeErrors } from '../http/schemas.ts';
import { type ContractJson } from '../json/contract-json.ts';
import { type Backend } from './backends.ts';

/** As the contract bounds it. */
const maxBodyBytes = 1_048_576;
/** Ours, or secrets, or of no use to a signature. */
const kept = (name: string): boolean => !['authorization', 'cookie', 'connection', 'host'].includes(name);

/** Adds the path at which payment providers notify us: the body goes to Heidrun byte by byte, as signatures need it. */
export function serveWebhook(
  app: FastifyInstance,
  { contract, calls, backend }: { contract: ContractJson; calls: HttpCalls; backend: Backend },
): void {
  const { response } = contract.rpc('edda.heidrun.v1.PaymentService/HandlePaymentWebhook');
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    scope.post('/api/v1/payments/webhooks/:payment_provider', {
      bodyLimit: maxBodyBytes,
      schema: {
        summary: 'Take a payment provider’s notification in',
        description: 'The notification’s signature is checked instead of a token.',
        operationId: 'handlePaymentWebhook',
        tags: ['payments'],
        security: [],
        params: z.object({ payment_provider: z.string().min(1).max(50) }),
        response: {
          200: { description: 'Taken in.', content: { 'application/json': { schema: response.schema } } },
          ...errorResponses(writeErrors, 'application/problem+json', problemSchema),
        },
      },
      onRequest: (request, reply) => calls.admit(backend, withoutToken(request), reply),
      handler: async (request) => {
        const { payment_provider: paymentProvider } = request.params as { payment_provider: string };
        const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
        const headers = Object.fromEntries(
          Object.entries(request.headers).flatMap(([name, value]) =>
            kept(name) && value !== undefined ? [[name, String(value)]] : [],
          ),
        );
        const message = { idempotencyKey: '', paymentProvider, body, headers };
        return calls.run(request, async (ctx) => response.toJson(await backend.unary(message, ctx)));
      },
    });
  });
}

/** Payment providers may send an authorization of their own, which is not one of our tokens. */
function withoutToken(request: FastifyRequest): FastifyRequest {
  delete request.headers.authorization;
  return request;
}
