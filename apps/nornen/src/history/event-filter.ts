import { type common } from '@edda/contracts';
import { type Identity } from '@edda/grpc-kit';
import { z } from 'zod';
import { fields } from '../fields.ts';
import { type HistoryEvent, type Prisma, type PrismaClient } from '../gen/prisma/client.ts';
import { sources } from './check-events.ts';
import { providersOf } from './providers-of.ts';

const many = 'has at most 100 entries';
/** Which events are asked for. */
export const eventFilter = z.object({
  subjects: z.array(fields.text(200).min(1)).max(100, many),
  types: z
    .array(
      z
        .string()
        .max(100)
        .regex(/^[a-z0-9_.-]+$/, 'is not a type of event'),
    )
    .max(100, many),
  services: z.array(z.enum(sources, `must be one of ${sources.join(', ')}`)).max(sources.length),
  requestId: fields.optionalId,
  providerId: fields.optionalId,
  userId: fields.optionalId,
});
export type EventFilter = z.output<typeof eventFilter>;

/**
 * What a caller may see: users events that name them, owners those of their providers as well, services acting for
 * nobody and admins all.
 */
export async function visibleTo(prisma: PrismaClient, identity: Identity): Promise<Prisma.HistoryEventWhereInput> {
  const { roles, subject, networkId } = identity;
  if (roles.has('admin') || roles.has('service')) return {};
  const own: Prisma.HistoryEventWhereInput = { networkId, userId: subject };
  if (!roles.has('provider')) return own;
  const providers = await providersOf(prisma, identity);
  return providers.length === 0 ? own : { OR: [own, { providerId: { in: providers } }] };
}

/** The conditions of a filter; every one must hold. */
export function matching(filter: EventFilter | undefined): Prisma.HistoryEventWhereInput[] {
  const { subjects = [], types = [], services = [], requestId = '', providerId = '', userId = '' } = filter ?? {};
  return [
    ...(subjects.length > 0 ? [{ subject: { in: subjects } }] : []),
    ...(types.length > 0 ? [{ OR: types.map(typeFilter) }] : []),
    ...(services.length > 0 ? [{ service: { in: services } }] : []),
    ...(requestId === '' ? [] : [{ requestId }]),
    ...(providerId === '' ? [] : [{ providerId }]),
    ...(userId === '' ? [] : [{ userId }]),
  ];
}

/** A prefix `a.b.` is the range up to `a.b/`: in byte order the slash follows the dot. */
function typeFilter(type: string): Prisma.HistoryEventWhereInput {
  return type.endsWith('.') ? { type: { gte: type, lt: `${type.slice(0, -1)}/` } } : { type };
}

export function eventMessage({
  payload,
  receivedAt: _r,
  contentHash: _c,
  position: _p,
  ...event
}: HistoryEvent): common.Event {
  return { ...event, payloadJson: payload };
}
