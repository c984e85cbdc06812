import { enumName, heidrun } from '@edda/contracts';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { decodePageToken, encodePageToken, pagePosition, takePage } from '@edda/pg-kit';
import { z } from 'zod';
import { fields, pageSizeOf, timeSpan } from '../../fields.ts';
import { accountOf } from '../account-of.ts';
import { type PaymentDeps } from '../payment-deps.ts';
import { type PayoutRow, toPayout } from './payout-row.ts';

const { PayoutStatus } = heidrun;

const schema = z
  .object({
    pageSize: fields.pageSize,
    orderBy: z.enum(['', 'created_at desc', 'created_at asc'], 'must be created_at desc or created_at asc'),
    userId: fields.optionalId,
    status: z.enum(PayoutStatus, 'names no known status'),
    ...timeSpan.shape,
  })
  .refine(timeSpan.ordered, timeSpan.violation);

/** ListPayouts: a user's own, newest first. */
export function createListPayouts(deps: Pick<PaymentDeps, 'pool'>) {
  return async (request: heidrun.ListPayoutsRequest, ctx: CallContext): Promise<heidrun.ListPayoutsResponse> => {
    const { orderBy, from, to } = parseWith(schema, request);
    const user = accountOf(ctx, request.userId);
    const status = request.status === PayoutStatus.UNSPECIFIED ? null : enumName(PayoutStatus, request.status);
    const scope = JSON.stringify(['payouts', user, orderBy, status, from ?? null, to ?? null]);
    const [position, lastId] = decodePageToken(scope, request.pageToken, 2) ?? [];
    const after =
      position === undefined ? [null, null] : [pagePosition.time(position), pagePosition.text(lastId ?? '')];
    const size = pageSizeOf(request.pageSize);
    const [comparison, direction] = orderBy === 'created_at asc' ? ['>', 'ASC'] : ['<', 'DESC'];
    const { rows } = await deps.pool.query<PayoutRow>(
      `SELECT p.* FROM payouts p
       WHERE p.network_id = $1 AND p.user_id = $2 AND ($3::text IS NULL OR p.status = $3)
         AND ($4::timestamptz IS NULL OR p.created_at >= $4) AND ($5::timestamptz IS NULL OR p.created_at < $5)
         AND ($6::timestamptz IS NULL OR (p.created_at, p.id) ${comparison} ($6, $7::text))
       ORDER BY p.created_at ${direction}, p.id ${direction} LIMIT $8`,
      [user.networkId, user.userId, status, from ?? null, to ?? null, ...after, size + 1],
    );
    const { items, nextPageToken } = takePage(rows, size, (last) =>
      encodePageToken(scope, [last.created_at.toISOString(), last.id]),
    );
    return { payouts: items.map(toPayout), nextPageToken };
  };
}
