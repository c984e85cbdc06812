import { type FastifyInstance } from 'fastify';

const exposed = [
  'x-request-id',
  'retry-after',
  'x-edda-request-id',
  'x-edda-transaction-id',
  'x-edda-provider-id',
  'x-edda-held-cents',
  'x-edda-status',
  'x-edda-total-cost-cents',
].join(', ');

/**
 * Lets pages of the given origins call the edge; without origins browsers are told nothing, which forbids it.
 * Tokens travel in a header, never in cookies, so credentials are not allowed.
 */
export function addCors(app: FastifyInstance, origins: () => readonly string[]): void {
  app.addHook('onRequest', async (request, reply) => {
    const { origin } = request.headers;
    const allowed = origins();
    if (origin === undefined || allowed.length === 0) return;
    void reply.header('vary', 'origin');
    if (!allowed.includes('*') && !allowed.includes(origin)) return;
    void reply.headers({ 'access-control-allow-origin': origin, 'access-control-expose-headers': exposed });
    if (request.method !== 'OPTIONS') return;
    const wanted = request.headers['access-control-request-headers'];
    void reply.headers({
      'access-control-allow-methods': 'GET, POST, PUT, DELETE',
      ...(wanted !== undefined && { 'access-control-allow-headers': wanted }),
      'access-control-max-age': '600',
    });
    await reply.code(204).send();
  });
}
