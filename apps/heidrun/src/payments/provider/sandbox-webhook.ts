import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { heidrunFaults } from '../../faults.ts';
import { type ProviderNews, type Webhook, type WebhookDelivery } from './payment-provider.ts';

/** Signs the sandbox's notifications. No secret: the sandbox moves no money, and its tokens are public as well. */
export const SANDBOX_WEBHOOK_SECRET = 'whsec_sandbox';

/** The header `x-sandbox-signature`: HMAC-SHA256 of the body under the secret above, in hex. */
export const signSandboxWebhook = (body: Buffer): string =>
  createHmac('sha256', SANDBOX_WEBHOOK_SECRET).update(body).digest('hex');

const event = z.object({
  id: z.string().min(1).max(200),
  type: z.string().min(1).max(100),
  /** Of the charge or payout. */
  reference: z.string().max(200).default(''),
  reversed_cents: z.int().min(1).optional(),
});
type SandboxEvent = z.infer<typeof event>;

/** @throws WEBHOOK_SIGNATURE_INVALID, also for a signed body that is no notification */
export function readSandboxWebhook({ body, headers }: WebhookDelivery): Webhook {
  const given = Buffer.from(headers['x-sandbox-signature'] ?? '');
  const wanted = Buffer.from(signSandboxWebhook(body));
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) throw invalid();
  const parsed = event.safeParse(parseJson(body));
  if (!parsed.success) throw invalid();
  return { eventId: parsed.data.id, type: parsed.data.type, news: newsOf(parsed.data) };
}

function newsOf({ type, reference, reversed_cents: reversed }: SandboxEvent): ProviderNews | undefined {
  const movement = { reference };
  const charge = (status: 'succeeded' | 'declined'): ProviderNews => ({
    about: 'charge',
    movement,
    result: { status, providerReference: reference, ...(status === 'declined' && { reason: 'The payer refused.' }) },
  });
  const payout = (status: 'paid' | 'failed'): ProviderNews => ({
    about: 'payout',
    movement,
    result: { status, providerReference: reference, ...(status === 'failed' && { reason: 'The bank sent it back.' }) },
  });
  switch (type) {
    case 'charge.confirmed':
      return charge('succeeded');
    case 'charge.declined':
      return charge('declined');
    case 'charge.reversed':
      return { about: 'reversal', movement, reversedCents: BigInt(reversed ?? 0), reason: 'Charged back.' };
    case 'payout.paid':
      return payout('paid');
    case 'payout.failed':
      return payout('failed');
    default:
      return undefined;
  }
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

const invalid = (): Error => heidrunFaults.WEBHOOK_SIGNATURE_INVALID('The notification is not the sandbox’s.');
