import { heidrun } from '@edda/contracts';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { decodePageToken, encodePageToken, pagePosition, takePage } from '@edda/pg-kit';
import { z } from 'zod';
import { fields, pageSizeOf } from '../fields.ts';
import { accountOf } from './account-of.ts';
import { METHOD_COLUMNS, type MethodRow, toMethod } from './method-row.ts';
import { type PaymentDeps } from './payment-deps.ts';

const { PaymentPurpose: Purpose } = heidrun;

const schema = z.object({
  pageSize: fields.pageSize,
  orderBy: z.enum(['', 'created_at desc', 'created_at asc'], { error: 'must be created_at desc or created_at asc' }),
  userId: fields.optionalId,
  purpose: z
    .union([z.literal(0), z.literal(Purpose.PAY), z.literal(Purpose.PAYOUT)], {
      error: 'names no known purpose',
    })
    .optional(),
});

/** ListPaymentMethods: a user's own, newest first. */
export function createListPaymentMethods(deps: PaymentDeps) {
  return async (
    request: heidrun.ListPaymentMethodsRequest,
    ctx: CallContext,
  ): Promise<heidrun.ListPaymentMethodsResponse> => {
    const { orderBy, purpose: number = 0 } = parseWith(schema, request);
    const user = accountOf(ctx, request.userId);
    const purpose = number === Purpose.PAY ? 'PAY' : number === Purpose.PAYOUT ? 'PAYOUT' : null;
    const scope = JSON.stringify(['methods', user, orderBy, purpose, request.includeRemoved]);
    const [position, lastId] = decodePageToken(scope, request.pageToken, 2) ?? [];
    const after =
      position === undefined ? [null, null] : [pagePosition.time(position), pagePosition.text(lastId ?? '')];
    const size = pageSizeOf(request.pageSize);
    const [comparison, direction] = orderBy === 'created_at asc' ? ['>', 'ASC'] : ['<', 'DESC'];
    const { rows } = await deps.pool.query<MethodRow>(
      `SELECT ${METHOD_COLUMNS} FROM payment_methods m
       WHERE m.network_id = $1 AND m.user_id = $2 AND ($3::text IS NULL OR $3 = ANY (m.purposes))
         AND ($4 OR m.status <> 'REMOVED')
         AND ($5::timestamptz IS NULL OR (m.created_at, m.id) ${comparison} ($5, $6::text))
       ORDER BY m.created_at ${direction}, m.id ${direction} LIMIT $7`,
      [user.networkId, user.userId, purpose, request.includeRemoved, ...after, size + 1],
    );
    const { items, nextPageToken } = takePage(rows, size, (last) =>
      encodePageToken(scope, [last.created_at.toISOString(), last.id]),
    );
    const now = deps.clock.now();
    return { paymentMethods: items.map((row) => toMethod(row, now)), nextPageToken };
  };
}
