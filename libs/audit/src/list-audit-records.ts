import { type audit } from '@edda/contracts';
import { invalidInput } from '@edda/faults';
import { parseWith } from '@edda/grpc-kit';
import { decodePageToken, encodePageToken, pagePosition, takePage } from '@edda/pg-kit';
import { type Pool } from 'pg';
import { z } from 'zod';
import { chainedColumns, type ChainedRecord } from './chain-reader.ts';
import { toWireRecord } from './to-wire-record.ts';

const filter = z
  .string()
  .max(600, 'has at most 600 characters')
  .refine((value) => !value.includes('\0'), 'must not contain NUL');
const schema = z.object({
  pageSize: z.int().min(0, 'must be 0 to 1,000').max(1_000, 'must be 0 to 1,000'),
  orderBy: z.enum(['', 'sequence desc', 'sequence asc'], 'must be sequence desc or sequence asc'),
  actor: filter,
  action: filter,
  subject: filter,
  requestId: filter,
  from: z.date('must be a time').optional(),
  to: z.date('must be a time').optional(),
});

export interface ListDeps {
  pool: Pool;
  /** Seals what was written before the call, so that the caller finds it. */
  sealNow: () => Promise<void>;
}

/** ListAuditRecords: filters, paging by sequence, either order. */
export function createListAuditRecords({ pool, sealNow }: ListDeps) {
  return async (request: audit.ListAuditRecordsRequest): Promise<audit.ListAuditRecordsResponse> => {
    const wanted = parseWith(schema, request);
    if (wanted.from !== undefined && wanted.to !== undefined && wanted.from >= wanted.to) {
      throw invalidInput([{ field: 'to', description: 'must be later than from' }]);
    }
    const { pageSize, orderBy, ...filters } = wanted;
    const scope = JSON.stringify(['audit', orderBy, ...Object.values(filters).map(String)]);
    const [after] = decodePageToken(scope, request.pageToken, 1) ?? [];
    await sealNow();
    const ascending = orderBy === 'sequence asc';
    const size = pageSize === 0 ? 50 : pageSize;
    const { text, values } = query(filters, after === undefined ? undefined : pagePosition.integer(after), ascending);
    const { rows } = await pool.query<ChainedRecord>(`${text} LIMIT ${size + 1}`, values);
    const { items, nextPageToken } = takePage(rows, size, (last) => encodePageToken(scope, [String(last.sequence)]));
    return { records: items.map(toWireRecord), nextPageToken };
  };
}

type Filters = Omit<z.output<typeof schema>, 'pageSize' | 'orderBy'>;

function query(filters: Filters, after: bigint | undefined, ascending: boolean): { text: string; values: unknown[] } {
  const conditions: string[] = [];
  const values: unknown[] = [];
  const add = (condition: string, value: unknown): void => {
    if (value === undefined || value === '') return;
    values.push(value);
    conditions.push(`${condition} $${values.length}`);
  };
  add('actor =', filters.actor);
  add('action =', filters.action);
  add('subject =', filters.subject);
  add('request_id =', filters.requestId);
  add('occurred_at >=', filters.from);
  add('occurred_at <', filters.to);
  add(ascending ? 'sequence >' : 'sequence <', after);
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  const order = ascending ? 'ASC' : 'DESC';
  return { text: `SELECT ${chainedColumns} FROM audit_records ${where} ORDER BY sequence ${order}`, values };
}
