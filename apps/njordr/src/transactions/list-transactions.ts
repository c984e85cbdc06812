import { njordr } from '@edda/contracts';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { decodePageToken, encodePageToken, hashRequest, pagePosition, takePage } from '@edda/pg-kit';
import { type Pool } from 'pg';
import { z } from 'zod';
import { looksAsProvider, type TransactionReads, viewerOf } from './transaction-reads.ts';
import { toTransaction } from './to-transaction.ts';
import { transactionColumns, type TransactionRow } from './transaction-row.ts';
import { text } from '../text-field.ts';

const orders = {
  'created_at desc': ['created_at', 'DESC'],
  'created_at asc': ['created_at', 'ASC'],
  'total_cost_cents desc': ['total_cost_cents', 'DESC'],
  'total_cost_cents asc': ['total_cost_cents', 'ASC'],
} as const;
const schema = z.object({
  pageSize: z.int().min(0).max(1_000),
  orderBy: z.enum(['', ...Object.keys(orders)], { error: `must be one of ${Object.keys(orders).join(', ')}` }),
  providerId: text(0, 128),
  model: text(0, 200),
  requestId: text(0, 128),
  side: z.int().min(0).max(2, 'is unknown'),
  statuses: z.array(z.int().min(1).max(6)).max(10),
});
const Side = njordr.TransactionSide;

/** Lists what the caller pays for or earned from, newest first. */
export function createListTransactions({ pool, reads }: { pool: Pool; reads: TransactionReads }) {
  return async (
    request: njordr.ListTransactionsRequest,
    { identity }: Pick<CallContext, 'identity'>,
  ): Promise<njordr.ListTransactionsResponse> => {
    parseWith(schema, request);
    const viewer = viewerOf(identity);
    const size = request.pageSize === 0 ? 50 : request.pageSize;
    const [column, direction] = orders[(request.orderBy || 'created_at desc') as keyof typeof orders];
    const { pageSize: _, pageToken, ...listing } = request;
    const scope = hashRequest({ listing, viewer }).slice(0, 16);
    const { where, values } = filter(request, viewer);
    const after = decodePageToken(scope, pageToken, 2);
    if (after !== undefined) {
      const [key = '', id = ''] = after;
      // Checked, but passed on as it is: a Date would lose the microseconds.
      (column === 'created_at' ? pagePosition.time : pagePosition.integer)(key);
      const type = column === 'created_at' ? 'timestamptz' : 'bigint';
      values.push(key, pagePosition.text(id));
      const compare = direction === 'DESC' ? '<' : '>';
      where.push(`(t.${column}, t.transaction_id) ${compare} ($${values.length - 1}::${type}, $${values.length})`);
    }
    values.push(size + 1);
    const { rows } = await pool.query<TransactionRow & { sortKey: string }>(
      `SELECT ${transactionColumns}, t.${column}::text AS "sortKey" FROM transactions t WHERE ${where.join(' AND ')}
       ORDER BY t.${column} ${direction}, t.transaction_id ${direction} LIMIT $${values.length}`,
      values,
    );
    const page = takePage(rows, size, (last) => encodePageToken(scope, [last.sortKey, last.transactionId]));
    const legs = await reads.legsOf(page.items, viewer);
    return {
      transactions: page.items.map((row) =>
        toTransaction(row, legs.get(row.transactionId) ?? [], looksAsProvider(row, viewer)),
      ),
      nextPageToken: page.nextPageToken,
    };
  };
}

function filter(request: njordr.ListTransactionsRequest, viewer: ReturnType<typeof viewerOf>) {
  const values: unknown[] = [];
  const where: string[] = ['true'];
  const parameter = (value: unknown) => `$${values.push(value)}`;
  const legs = (condition: string) =>
    `EXISTS (SELECT FROM transaction_legs l WHERE l.transaction_id = t.transaction_id AND ${condition})`;
  if (!viewer.admin) {
    const subject = parameter(viewer.subject);
    const network = parameter(viewer.networkId);
    const paid = `(t.requester_id = ${subject} AND t.network_id = ${network})`;
    const earned = legs(`l.owner_id = ${subject} AND l.network_id = ${network}`);
    const both = `(${paid} OR ${earned})`;
    where.push(request.side === Side.REQUESTER ? paid : request.side === Side.PROVIDER ? earned : both);
  }
  if (request.statuses.length > 0) {
    const names = Object.entries(njordr.TransactionStatus);
    const wanted = names.filter(([, number]) => request.statuses.includes(number)).map(([name]) => name);
    where.push(`t.state = ANY (${parameter(wanted)})`);
  }
  if (request.providerId !== '') where.push(legs(`l.provider_id = ${parameter(request.providerId)}`));
  if (request.model !== '') where.push(`t.model = ${parameter(request.model)}`);
  if (request.requestId !== '') where.push(`t.request_id = ${parameter(request.requestId)}`);
  if (request.created?.from !== undefined) where.push(`t.created_at >= ${parameter(request.created.from)}`);
  if (request.created?.to !== undefined) where.push(`t.created_at < ${parameter(request.created.to)}`);
  return { where, values };
}
