import { type heidrun } from '@edda/contracts';
import { parseWith } from '@edda/grpc-kit';
import { decodePageToken, encodePageToken, pagePosition, takePage } from '@edda/pg-kit';
import { z } from 'zod';
import { fields, pageSizeOf } from '../fields.ts';
import { type PricingDeps } from './pricing-deps.ts';
import { fromRow, type PriceRow, toConfig } from './stored-price.ts';

/** Sort orders: the column, its type, how a page token's text becomes its value, comparison and direction. */
const orders = {
  'created_at desc': {
    key: 'created_at',
    type: 'timestamptz',
    read: pagePosition.time,
    comparison: '<',
    direction: 'DESC',
  },
  'created_at asc': {
    key: 'created_at',
    type: 'timestamptz',
    read: pagePosition.time,
    comparison: '>',
    direction: 'ASC',
  },
  'price_cents asc': {
    key: 'price_cents',
    type: 'bigint',
    read: pagePosition.integer,
    comparison: '>',
    direction: 'ASC',
  },
} as const;

const schema = z.object({
  pageSize: fields.pageSize,
  orderBy: z.union([z.literal(''), z.enum(Object.keys(orders) as (keyof typeof orders)[])], {
    error: `must be one of ${Object.keys(orders).join(', ')}`,
  }),
  providerId: fields.optionalId,
  model: fields.text(200).optional(),
});

/** ListPricingConfigs: those in force, or every version. */
export function createListPricingConfigs(deps: PricingDeps) {
  return async (request: heidrun.ListPricingConfigsRequest): Promise<heidrun.ListPricingConfigsResponse> => {
    const { orderBy } = parseWith(schema, request);
    const order = orders[orderBy === '' ? 'created_at desc' : orderBy];
    const { providerId, model, includeHistory } = request;
    const scope = JSON.stringify(['prices', orderBy, providerId, model ?? null, includeHistory]);
    const [position, lastId] = decodePageToken(scope, request.pageToken, 2) ?? [];
    const size = pageSizeOf(request.pageSize);
    const source = includeHistory
      ? 'prices'
      : `(SELECT DISTINCT ON (provider_id, model) * FROM prices WHERE valid_from <= $5
          ORDER BY provider_id, model, version DESC) newest`;
    const { rows } = await deps.pool.query<PriceRow>(
      `SELECT * FROM ${source}
       WHERE ($1 = '' OR provider_id = $1) AND ($2::text IS NULL OR model = $2) AND $5::timestamptz IS NOT NULL
         AND ($3::text IS NULL OR (${order.key}, id) ${order.comparison} ($3::${order.type}, $4::text))
       ORDER BY ${order.key} ${order.direction}, id ${order.direction} LIMIT $6`,
      [
        providerId,
        model ?? null,
        position === undefined ? null : order.read(position),
        lastId === undefined ? null : pagePosition.text(lastId),
        deps.clock.now(),
        size + 1,
      ],
    );
    const { items, nextPageToken } = takePage(rows, size, (last) => {
      const value = last[order.key];
      return encodePageToken(scope, [value instanceof Date ? value.toISOString() : String(value), last.id]);
    });
    return { configs: items.map((row) => toConfig(fromRow(row))), nextPageToken };
  };
}
