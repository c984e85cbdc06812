import { type nornen } from '@edda/contracts';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { decodePageToken, encodePageToken, hashRequest, pagePosition, takePage } from '@edda/pg-kit';
import { z } from 'zod';
import { fields, orderBy } from '../fields.ts';
import { type Prisma, type PrismaClient } from '../gen/prisma/client.ts';
import { eventFilter, eventMessage, matching, visibleTo } from './event-filter.ts';

const schema = z.object({
  pageSize: fields.pageSize,
  pageToken: fields.pageToken,
  orderBy: orderBy('occurred_at'),
  filter: eventFilter.optional(),
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
      where: {
        AND: [
          await visibleTo(prisma, ctx.identity),
          ...matching(query.filter),
          ...within(query),
          after(position, direction),
        ],
      },
      orderBy: [{ occurredAt: direction }, { sequence: direction }, { eventId: direction }],
      take: pageSize + 1,
    });
    const { items, nextPageToken } = takePage(rows, pageSize, ({ occurredAt, sequence, eventId }) =>
      encodePageToken(scope, [occurredAt.toISOString(), String(sequence), eventId]),
    );
    return { events: items.map(eventMessage), nextPageToken };
  };
}

function within({ occurred: { from, to } = {} }: z.output<typeof schema>): Prisma.HistoryEventWhereInput[] {
  return from === undefined && to === undefined
    ? []
    : [{ occurredAt: { ...(from && { gte: from }), ...(to && { lt: to }) } }];
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
