import { heidrun } from '@edda/contracts';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { decodePageToken, encodePageToken, takePage } from '@edda/pg-kit';
import { type Pool } from 'pg';
import { z } from 'zod';
import { fields, pageSizeOf, timeSpan } from '../fields.ts';
import { type HistoryRow, settlementHistoryQuery } from './settlement-history-query.ts';

const { SettlementKind } = heidrun;

const schema = z
  .object({
    pageSize: fields.pageSize,
    orderBy: z.enum(['', 'occurred_at desc', 'occurred_at asc'], 'must be occurred_at desc or occurred_at asc'),
    transactionId: fields.optionalId,
    providerId: fields.optionalId,
    requesterId: fields.optionalId,
    kind: z.enum(SettlementKind, 'names no known kind'),
    ...timeSpan.shape,
  })
  .refine(timeSpan.ordered, timeSpan.violation);

/** GetSettlementHistory: captures and refunds, one record per provider's part, newest first. */
export function createGetSettlementHistory({ pool }: { pool: Pool }) {
  return async (
    request: heidrun.GetSettlementHistoryRequest,
    { identity }: CallContext,
  ): Promise<heidrun.GetSettlementHistoryResponse> => {
    parseWith(schema, request);
    const { pageSize, pageToken, ...filter } = request;
    const scope = JSON.stringify(['settlements', filter.orderBy, { ...filter, orderBy: '' }]);
    const size = pageSizeOf(pageSize);
    const position = decodePageToken(scope, pageToken, 2);
    const { rows } = await pool.query<HistoryRow>(settlementHistoryQuery(filter, identity, position, size + 1));
    const { items, nextPageToken } = takePage(rows, size, (last) =>
      encodePageToken(scope, [last.at.toISOString(), last.id]),
    );
    return { records: items.map(toRecord), nextPageToken };
  };
}

function toRecord(row: HistoryRow): heidrun.SettlementRecord {
  return {
    id: row.id,
    kind: SettlementKind[row.kind],
    transactionId: row.transactionId,
    requestId: row.requestId,
    requesterId: row.requesterId,
    providerId: row.providerId,
    ownerId: row.ownerId,
    model: row.model,
    totalCents: row.totalCents,
    providerEarningsCents: row.earningsCents,
    companyFeeCents: row.feeCents,
    commissionRateBps: row.rateBps,
    occurredAt: row.at,
  };
}
