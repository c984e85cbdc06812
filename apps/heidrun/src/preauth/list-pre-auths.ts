import { heidrun } from '@edda/contracts';
import { invalidInput } from '@edda/faults';
import { parseWith } from '@edda/grpc-kit';
import { decodePageToken, encodePageToken, hashRequest, pagePosition, takePage } from '@edda/pg-kit';
import { z } from 'zod';
import { fields, pageSizeOf } from '../fields.ts';
import { type FoundRow, holdColumns, holdWithResolution, resolutionColumns } from './hold-store.ts';
import { type PreAuthDeps } from './pre-auth-deps.ts';
import { toPreAuth } from './to-pre-auth.ts';

const Status = heidrun.PreAuthStatus;

const schema = z.object({
  status: z.enum(Status, 'names no known state'),
  createdFrom: z.date('must be a time').optional(),
  createdBefore: z.date('must be a time').optional(),
  transactionIds: z.array(fields.id).max(1_000, 'has at most 1,000 transactions'),
  pageSize: fields.pageSize,
});

type ListedRow = FoundRow & { capturedCents: bigint | null; earningsCents: bigint | null; feeCents: bigint | null };

/** What each state is in the tables; an open hold is found by its own small table. */
const conditions: Readonly<Record<heidrun.PreAuthStatus, string>> = {
  [Status.UNSPECIFIED]: 'true',
  [Status.PENDING]: 'EXISTS (SELECT FROM open_holds o WHERE o.hold_id = h.id)',
  [Status.CAPTURED]: `r.kind = 'CAPTURED'`,
  [Status.CANCELLED]: `r.kind = 'CANCELLED'`,
  [Status.EXPIRED]: `r.kind = 'EXPIRED'`,
};

const listSql = (status: heidrun.PreAuthStatus) => `
SELECT ${holdColumns}, ${resolutionColumns}, c.captured_cents AS "capturedCents", c.earnings_cents AS "earningsCents",
  c.fee_cents AS "feeCents"
FROM holds h LEFT JOIN hold_resolutions r ON r.hold_id = h.id LEFT JOIN captures c ON c.hold_id = h.id
WHERE ${conditions[status]}
  AND ($1::timestamptz IS NULL OR h.created_at >= $1) AND ($2::timestamptz IS NULL OR h.created_at < $2)
  AND (cardinality($3::text[]) = 0 OR h.transaction_id = ANY ($3))
  AND ($4::timestamptz IS NULL OR h.created_at >= $4 AND (h.created_at, h.id) > ($4, $5::text))
ORDER BY h.created_at, h.id LIMIT $6`;

/** ListPreAuths: holds in the order they were made, with what was captured. */
export function createListPreAuths({ pool }: Pick<PreAuthDeps, 'pool'>) {
  return async (request: heidrun.ListPreAuthsRequest): Promise<heidrun.ListPreAuthsResponse> => {
    const { status, createdFrom, createdBefore, transactionIds } = parseWith(schema, request);
    if (createdFrom !== undefined && createdBefore !== undefined && createdFrom >= createdBefore) {
      throw invalidInput([{ field: 'created_before', description: 'must be later than created_from' }]);
    }
    // A digest, because a thousand transactions would not fit a token.
    const scope = `holds ${hashRequest({ status, createdFrom, createdBefore, transactionIds })}`;
    const [createdAt, id] = decodePageToken(scope, request.pageToken, 2) ?? [];
    const size = pageSizeOf(request.pageSize);
    const { rows } = await pool.query<ListedRow>(listSql(status), [
      createdFrom ?? null,
      createdBefore ?? null,
      transactionIds,
      createdAt === undefined ? null : pagePosition.time(createdAt),
      id === undefined ? null : pagePosition.text(id),
      size + 1,
    ]);
    const { items, nextPageToken } = takePage(rows, size, (last) =>
      encodePageToken(scope, [last.createdAt.toISOString(), last.id]),
    );
    return { holds: items.map(toListed), nextPageToken };
  };
}

function toListed(row: ListedRow): heidrun.ListedPreAuth {
  return {
    preauth: toPreAuth(holdWithResolution(row)),
    capturedCents: row.capturedCents ?? 0n,
    providerEarningsCents: row.earningsCents ?? 0n,
    companyFeeCents: row.feeCents ?? 0n,
  };
}
