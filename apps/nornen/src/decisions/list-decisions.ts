import { nornen } from '@edda/contracts';
import { type CallContext, type Identity, parseWith } from '@edda/grpc-kit';
import { decodePageToken, encodePageToken, hashRequest, pagePosition, takePage } from '@edda/pg-kit';
import { type PolicyKind } from '@edda/policy';
import { z } from 'zod';
import { fields, orderBy } from '../fields.ts';
import { type Prisma, type PrismaClient } from '../gen/prisma/client.ts';
import { kindOnWire } from '../policies/snapshot-message.ts';
import { decisionMessage, outcomeOnWire } from './decision-message.ts';
import { type Outcome } from './verdict.ts';

const { DecisionOutcome, PolicyKind: WireKind } = nornen;

const schema = z.object({
  pageSize: fields.pageSize,
  pageToken: fields.pageToken,
  orderBy: orderBy('decided_at'),
  kind: z.enum(WireKind, 'is not a kind of decision'),
  outcomes: z
    .array(z.enum(DecisionOutcome).exclude(['UNSPECIFIED'], 'is not an outcome'))
    .max(3, 'names each outcome once'),
  subjectId: fields.optionalId,
  userId: fields.optionalId,
  decided: fields.timeRange,
});

type Query = z.output<typeof schema>;

/**
 * Lists decisions by time. Users see those about themselves, which includes their providers'; admins see all.
 * @throws INVALID_INPUT
 */
export function listDecisions({ prisma }: { prisma: PrismaClient }) {
  return async (given: nornen.ListDecisionsRequest, ctx: CallContext): Promise<nornen.ListDecisionsResponse> => {
    const query = parseWith(schema, given);
    const { pageToken, pageSize, orderBy: direction } = query;
    const visible = visibleTo(ctx.identity);
    const scope = hashRequest({ method: ctx.method, visible, ...query, pageToken: '', pageSize: 0 });
    const rows = await prisma.decision.findMany({
      where: { AND: [visible, matching(query), after(decodePageToken(scope, pageToken, 2), direction)] },
      orderBy: [{ decidedAt: direction }, { decisionId: direction }],
      take: pageSize + 1,
      omit: { facts: true, factsHash: true },
    });
    const { items, nextPageToken } = takePage(rows, pageSize, ({ decidedAt, decisionId }) =>
      encodePageToken(scope, [decidedAt.toISOString(), decisionId]),
    );
    return { decisions: items.map(decisionMessage), nextPageToken };
  };
}

function visibleTo({ roles, subject, networkId }: Identity): Prisma.DecisionWhereInput {
  return roles.has('admin') ? {} : { userId: subject, networkId };
}

function matching({ kind, outcomes, subjectId, userId, decided }: Query): Prisma.DecisionWhereInput {
  const names = Object.keys(outcomeOnWire) as Outcome[];
  return {
    ...(kind !== WireKind.UNSPECIFIED && { kind: kindName(kind) }),
    ...(outcomes.length > 0 && { outcome: { in: names.filter((name) => outcomes.includes(outcomeOnWire[name])) } }),
    ...(subjectId !== '' && { subjectId }),
    ...(userId !== '' && { userId }),
    decidedAt: { ...(decided?.from && { gte: decided.from }), ...(decided?.to && { lt: decided.to }) },
  };
}

function kindName(kind: nornen.PolicyKind): PolicyKind {
  return kind === kindOnWire.request ? 'request' : 'provider-registration';
}

function after(position: string[] | undefined, direction: 'asc' | 'desc'): Prisma.DecisionWhereInput {
  if (position === undefined) return {};
  const [time = '', id = ''] = position;
  const [decidedAt, decisionId] = [pagePosition.time(time), pagePosition.text(id)];
  const beyond = direction === 'asc' ? 'gt' : 'lt';
  return { OR: [{ decidedAt: { [beyond]: decidedAt } }, { decidedAt, decisionId: { [beyond]: decisionId } }] };
}
