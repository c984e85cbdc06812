import { type common, type nornen } from '@edda/contracts';
import { type CallContext, type Identity, parseWith } from '@edda/grpc-kit';
import { decodePageToken, encodePageToken, hashRequest, pagePosition, takePage } from '@edda/pg-kit';
import { z } from 'zod';
import { fields, orderBy } from '../fields.ts';
import { type HistoryEvent, type Prisma, type PrismaClient } from '../gen/prisma/client.ts';
import { sources } from './check-events.ts';
import { providersOf } from './providers-of.ts';

const many = 'has at most 100 entries';
const filter = z.object({
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
const schema = z.object({
  pageSize: fields.pageSize,
  pageToken: fields.pageToken,
  orderBy: orderBy('occurred_at'),
  filter: filter.optional(),
  occurred: fields.timeRange,
});

/**
 * Reads events by time; those of one subject and millisecond by sequence. Users see events that concern them,
 * owners those of their providers as well, services acting for nobody and admins all.
 * @throws INVALID_INPUT
 */
export function queryHistory({ prisma }: { prisma: PrismaClient }) {
  return async (given: nornen.QueryHistoryRequest, ctx: CallContext): Promise<nornen.QueryHistoryResponse> => {
    const query = parseWith(schema, given);
    const { pageToken, pageSize, orderBy: direction } = query;
    const { subject, networkId } = ctx.identity;
    const scope = hashRequest({ method: ctx.method, subject, networkId, ...query, pageToken: '', pageSize: 0 });
    const position = decodePageToken(scope, pageToken, 3);
    const rows = await prisma.historyEvent.findMany({
      where: { AND: [await visibleTo(prisma, ctx.identity), ...matching(query), after(position, direction)] },
      orderBy: [{ occurredAt: direction }, { sequence: direction }, { eventId: direction }],
      take: pageSize + 1,
    });
    const { items, nextPageToken } = takePage(rows, pageSize, ({ occurredAt, sequence, eventId }) =>
      encodePageToken(scope, [occurredAt.toISOString(), String(sequence), eventId]),
    );
    return { events: items.map(eventMessage), nextPageToken };
  };
}

async function visibleTo(prisma: PrismaClient, identity: Identity): Promise<Prisma.HistoryEventWhereInput> {
  const { roles, subject, networkId } = identity;
  if (roles.has('admin') || roles.has('service')) return {};
  const own: Prisma.HistoryEventWhereInput = { networkId, userId: subject };
  if (!roles.has('provider')) return own;
  const providers = await providersOf(prisma, identity);
  return providers.length === 0 ? own : { OR: [own, { providerId: { in: providers } }] };
}

function matching(query: z.output<typeof schema>): Prisma.HistoryEventWhereInput[] {
  const { subjects = [], types = [], services = [], requestId = '', providerId = '', userId = '' } = query.filter ?? {};
  const { from, to } = query.occurred ?? {};
  return [
    { occurredAt: { ...(from && { gte: from }), ...(to && { lt: to }) } },
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

function after(position: string[] | undefined, direction: 'asc' | 'desc'): Prisma.HistoryEventWhereInput {
  if (position === undefined) return {};
  const [time = '', number = '', id = ''] = position;
  const [occurredAt, sequence] = [pagePosition.time(time), pagePosition.integer(number)];
  const eventId = pagePosition.uuid(id);
  const beyond = direction === 'asc' ? 'gt' : 'lt';
  return {
    OR: [
      { occurredAt: { [beyond]: occurredAt } },
      { occurredAt, sequence: { [beyond]: sequence } },
      { occurredAt, sequence, eventId: { [beyond]: eventId } },
    ],
  };
}

function eventMessage({ payload, receivedAt: _r, contentHash: _c, ...event }: HistoryEvent): common.Event {
  return { ...event, payloadJson: payload };
}
