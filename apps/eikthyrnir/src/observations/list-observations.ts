import { eikthyrnir } from '@edda/contracts';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { decodePageToken, encodePageToken, pagePosition, takePage } from '@edda/pg-kit';
import { invalidInput } from '@edda/faults';
import { z } from 'zod';
import { type Observation as Row, type Prisma, type PrismaClient } from '../gen/prisma/client.ts';
import { fields } from './observation-schema.ts';
import { type RequireOwn } from './own-provider.ts';

export interface ListDeps {
  prisma: PrismaClient;
  requireOwn: RequireOwn;
}

const orders = { 'occurred_at desc': 'desc', 'occurred_at asc': 'asc' } as const;
const defaultOrder = 'occurred_at desc';

const schema = z.object({
  pageSize: z.int().min(0, 'must be 0 to 1,000').max(1_000, 'must be 0 to 1,000'),
  orderBy: z.union([z.literal(''), z.enum(Object.keys(orders) as (keyof typeof orders)[])], {
    error: `must be one of ${Object.keys(orders).join(', ')}`,
  }),
  providerId: fields.optionalProviderId,
  model: fields.optionalModel,
  requestId: fields.optionalRequestId,
  outcomes: z.array(fields.outcome).max(8, 'has at most 8 outcomes'),
  occurred: z
    .object({ from: z.date().optional(), to: z.date().optional() })
    .refine(({ from, to }) => from === undefined || to === undefined || from < to, 'must end later than it begins')
    .optional(),
});

/** ListObservations: services and administrators see all, a provider's owner that provider's own. */
export function createListObservations(deps: ListDeps) {
  return async (
    request: eikthyrnir.ListObservationsRequest,
    ctx: CallContext,
  ): Promise<eikthyrnir.ListObservationsResponse> => {
    const { orderBy, pageSize } = parseWith(schema, request);
    await checkScope(request, ctx, deps);
    const order = orders[orderBy === '' ? defaultOrder : orderBy];
    const { providerId, model, requestId, outcomes, occurred } = request;
    const scope = JSON.stringify(['observations', order, providerId, model, requestId, outcomes, occurred ?? null]);
    const position = decodePageToken(scope, request.pageToken, 2);
    const size = pageSize === 0 ? 50 : pageSize;
    const rows = await deps.prisma.observation.findMany({
      where: { ...filterOf(request), ...(position !== undefined && after(position, order)) },
      orderBy: [{ occurredAt: order }, { observationId: order }],
      take: size + 1,
    });
    const { items, nextPageToken } = takePage(rows, size, (last) =>
      encodePageToken(scope, [last.occurredAt.toISOString(), last.observationId]),
    );
    return { observations: items.map(toObservation), nextPageToken };
  };
}

async function checkScope(
  { providerId }: eikthyrnir.ListObservationsRequest,
  { identity }: CallContext,
  deps: ListDeps,
) {
  if (identity.roles.has('service') || identity.roles.has('admin')) return;
  if (providerId === '') {
    throw invalidInput([{ field: 'provider_id', description: 'is required for role provider' }]);
  }
  await deps.requireOwn(providerId, identity);
}

function filterOf(request: eikthyrnir.ListObservationsRequest): Prisma.ObservationWhereInput {
  const { providerId, model, requestId, outcomes, occurred } = request;
  return {
    ...(providerId !== '' && { providerId }),
    ...(model !== '' && { model }),
    ...(requestId !== '' && { requestId }),
    ...(outcomes.length > 0 && { outcome: { in: outcomes } }),
    occurredAt: {
      ...(occurred?.from !== undefined && { gte: occurred.from }),
      ...(occurred?.to !== undefined && { lt: occurred.to }),
    },
  };
}

/** Rows beyond a position; an outer AND keeps the filter's own condition on the time. */
function after(position: readonly string[], order: 'asc' | 'desc'): Prisma.ObservationWhereInput {
  const [time = '', text = ''] = position;
  const at = pagePosition.time(time);
  const id = pagePosition.text(text);
  const beyond = order === 'asc' ? ('gt' as const) : ('lt' as const);
  return {
    AND: { OR: [{ occurredAt: { [beyond]: at } }, { occurredAt: at, observationId: { [beyond]: id } }] },
  };
}

function toObservation(row: Row): eikthyrnir.Observation {
  return eikthyrnir.Observation.fromPartial({
    ...row,
    outcome: row.outcome as eikthyrnir.ObservationOutcome,
    ttftMs: row.ttftMs ?? undefined,
    tokensPerSecondMilli: row.tokensPerSecondMilli ?? undefined,
    checks: (row.checks ?? undefined) as eikthyrnir.AnswerChecks | undefined,
  });
}
