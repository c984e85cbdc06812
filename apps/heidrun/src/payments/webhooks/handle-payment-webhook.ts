import { type heidrun } from '@edda/contracts';
import { parseWith } from '@edda/grpc-kit';
import { inTransaction } from '@edda/pg-kit';
import { type PoolClient } from 'pg';
import { z } from 'zod';
import { heidrunFaults } from '../../faults.ts';
import { fields } from '../../fields.ts';
import { type PaymentDeps } from '../payment-deps.ts';
import { type Webhook } from '../provider/payment-provider.ts';
import { applyNews } from './apply-news.ts';

const MAX_BODY_BYTES = 1_048_576;

const schema = z.object({
  idempotencyKey: fields.optionalId,
  paymentProvider: fields.text(50).min(1, 'is required'),
  body: z.instanceof(Uint8Array).refine((body) => body.length <= MAX_BODY_BYTES, 'has at most 1 MiB'),
});

const TAKE_IN = `
INSERT INTO payment_webhooks (payment_provider, event_id, type, outcome, received_at) VALUES ($1, $2, $3, '', $4)
ON CONFLICT DO NOTHING`;
const CONCLUDE = 'UPDATE payment_webhooks SET outcome = $3 WHERE payment_provider = $1 AND event_id = $2';

/**
 * HandlePaymentWebhook: a signed notification, applied in the transaction that remembers its id. Sent again, late or
 * out of order, it changes nothing; of no interest, it is remembered and ignored.
 */
export function createHandlePaymentWebhook(deps: PaymentDeps) {
  return async (request: heidrun.HandlePaymentWebhookRequest): Promise<heidrun.HandlePaymentWebhookResponse> => {
    const { paymentProvider } = parseWith(schema, request);
    if (paymentProvider !== deps.provider.name) throw unknownProvider();
    const receivedAt = deps.clock.now();
    const { body, headers } = request;
    const webhook = await deps.provider
      .readWebhook({ body: Buffer.from(body), headers, receivedAt })
      .catch((error: unknown) => {
        deps.metrics.notified('refused');
        throw error;
      });
    const fresh = await inTransaction(deps.pool, (client) => takeIn(deps, client, webhook, receivedAt), {
      idempotent: true,
    });
    deps.metrics.notified(fresh ?? 'repeated');
    if (fresh !== undefined) {
      deps.notify();
      deps.logger.info({ event_id: webhook.eventId, type: webhook.type, outcome: fresh }, 'notification taken in');
    }
    return { eventId: webhook.eventId, replayed: fresh === undefined };
  };
}

/** @returns what became of it; undefined when it was taken in before */
async function takeIn(deps: PaymentDeps, client: PoolClient, webhook: Webhook, at: Date): Promise<string | undefined> {
  const id = [deps.provider.name, webhook.eventId];
  const { rowCount } = await client.query(TAKE_IN, [...id, webhook.type, at]);
  if (rowCount === 0) return undefined;
  const outcome = webhook.news === undefined ? 'ignored' : await applyNews(deps, client, webhook.news);
  await client.query(CONCLUDE, [...id, outcome]);
  return outcome;
}

const unknownProvider = (): Error =>
  heidrunFaults.PAYMENT_PROVIDER_UNKNOWN('No payment provider of this name is configured.', {
    violations: [{ field: 'payment_provider', description: 'names no configured payment provider' }],
  });
