import { type common } from '@edda/contracts';
import { parseWith } from '@edda/grpc-kit';
import { hashRequest } from '@edda/pg-kit';
import { z } from 'zod';
import { amount, fields } from '../fields.ts';

export const maxEventsPerBatch = 1_000;
const maxPayloadBytes = 64 * 1_024;
/** Who emits events; a fixed set, so that it can be a label of metrics. */
export const sources = ['njordr', 'heidrun', 'eikthyrnir', 'nornen'] as const;

const event = z.object({
  eventId: z.uuid('must be a UUID').transform((id) => id.toLowerCase()),
  subject: fields.text(200).min(1, 'is required'),
  sequence: amount(1n, 2n ** 63n - 1n),
  type: z
    .string()
    .max(100)
    .regex(/^[a-z0-9_-]+(\.[a-z0-9_-]+)+$/, 'must be <service>.<noun>.<verb>'),
  service: z.enum(sources, `must be one of ${sources.join(', ')}`),
  occurredAt: fields.instant,
  requestId: fields.optionalId,
  networkId: fields.optionalId,
  userId: fields.optionalId,
  providerId: fields.optionalId,
  payloadJson: z
    .string()
    .refine((json) => Buffer.byteLength(json) <= maxPayloadBytes, 'has at most 64 KiB')
    .refine(isJsonObject, 'must be one JSON object'),
});

const batch = z.object({
  events: z.array(event).min(1, 'needs an event').max(maxEventsPerBatch, `has at most ${maxEventsPerBatch} events`),
});

export type CheckedEvent = z.output<typeof event>;

/** @throws INVALID_INPUT naming the fields; nothing of the batch is stored then */
export function checkEvents(request: { events: readonly common.Event[] }): CheckedEvent[] {
  return parseWith(batch, request).events;
}

/** Over everything but the event id, whatever the order of the payload's fields. */
export function contentHash(event: Omit<common.Event, 'eventId'> & { eventId?: string }): string {
  const { eventId: _, payloadJson, ...rest } = event;
  return hashRequest({ ...rest, payload: JSON.parse(payloadJson) as unknown });
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
