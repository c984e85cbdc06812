import { invalidInput } from '@edda/faults';
import { enumName, njordr } from '@edda/contracts';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { decodePageToken, encodePageToken, hashRequest, takePage } from '@edda/pg-kit';
import { z } from 'zod';
import { type ProviderDeps } from './provider-deps.ts';
import { type RawRow, rowColumns, toRow } from './provider-row.ts';
import { liveOf } from './run-mutation.ts';
import { availabilityOf, toProvider } from './to-provider.ts';
import { type Viewer, viewerOf } from './visibility.ts';
import { text } from '../text-field.ts';

const schema = z.object({
  pageSize: z.int().min(0).max(1_000),
  pageToken: z.string(),
  orderBy: z.string().regex(/^(|(created_at|display_name|price_cents)( desc)?)$/, {
    error: 'must be created_at, display_name or price_cents, optionally followed by " desc"',
  }),
  model: text(0, 200),
  statuses: z.array(z.int().min(1).max(7)).max(7),
  availabilities: z.array(z.int().min(1).max(4)).max(4),
  ownOnly: z.boolean(),
  ownNetworkOnly: z.boolean(),
  deviceId: text(0, 128),
});

type Query = z.output<typeof schema>;

const DEFAULT_PAGE_SIZE = 50;

/** Sort keys as text and back; nothing from the request ever becomes SQL. */
const orders = {
  created_at: { column: 'p.created_at', type: 'timestamptz', form: /^\d{4}-[\d-]{5} [\d:.]{8,15}[+-][\d:]{2,8}$/ },
  display_name: { column: 'p.display_name', type: 'text', form: /^[^\0]{0,100}$/ },
  price_cents: { column: 'p.price_cents', type: 'bigint', form: /^\d{1,18}$/ },
} as const;

/** ListProviders: a page of what the caller may see. Availability is of this moment, so pages may fall short. */
export function createListProviders(deps: ProviderDeps) {
  return async (request: njordr.ListProvidersRequest, ctx: CallContext): Promise<njordr.ListProvidersResponse> => {
    const query = parseWith(schema, request);
    const viewer = viewerOf(ctx.identity);
    const size = query.pageSize === 0 ? DEFAULT_PAGE_SIZE : query.pageSize;
    const scope = `providers:${hashRequest({ ...query, pageToken: '', pageSize: 0 }).slice(0, 16)}`;
    const position = positionOf(query, scope);
    const { text, values } = listStatement(query, viewer, position, size);
    const { rows } = await deps.pool.query<RawRow & { sortKey: string }>(text, values);
    const { items, nextPageToken } = takePage(rows, size, (last) =>
      encodePageToken(scope, [last.sortKey, last.providerId]),
    );
    const providers = items
      .map(({ sortKey: _, ...raw }) => toRow(raw))
      .filter((row) => matches(query, availabilityOf(row, liveOf(deps, row))))
      .map((row) => toProvider(row, liveOf(deps, row), viewer));
    return { providers, nextPageToken };
  };
}

function matches({ availabilities }: Query, availability: njordr.ProviderAvailability): boolean {
  return availabilities.length === 0 || availabilities.includes(availability);
}

function orderOf({ orderBy }: Query) {
  const [name, direction = 'asc'] = (orderBy === '' ? 'created_at' : orderBy).split(' ');
  return { ...orders[name as keyof typeof orders], direction };
}

/** @throws INVALID_INPUT for a token of another listing, or one that was made up */
function positionOf(query: Query, scope: string): string[] | undefined {
  const position = decodePageToken(scope, query.pageToken, 2);
  if (position === undefined || orderOf(query).form.test(position[0] ?? '')) return position;
  throw invalidInput([{ field: 'page_token', description: 'is malformed; use the token as it was returned' }]);
}

function listStatement(query: Query, viewer: Viewer, position: string[] | undefined, size: number) {
  const values: unknown[] = [];
  const bind = (value: unknown) => `$${values.push(value)}`;
  const { column, type, direction } = orderOf(query);
  const subject = bind(viewer.subject);
  const network = bind(viewer.networkId);
  const own = `(p.owner_id = ${subject} AND p.network_id = ${network})`;
  const market = `(p.status = 'ACTIVE' AND (p.network_id = ${network} OR p.sharing = 'public'
    OR (p.sharing = 'trusted' AND ${network} = ANY (p.trusted_network_ids))))`;
  const conditions = [query.ownOnly ? own : `(${bind(viewer.all)}::boolean OR ${own} OR ${market})`];
  if (query.ownNetworkOnly) conditions.push(`p.network_id = ${network}`);
  if (query.model !== '') conditions.push(`p.models @> ARRAY[${bind(query.model)}]`);
  if (query.deviceId !== '') conditions.push(`p.device_id = ${bind(query.deviceId)}`);
  if (query.statuses.length > 0) {
    const names = query.statuses.map((status) => enumName(njordr.ProviderStatus, status) ?? '');
    conditions.push(`p.status = ANY (${bind(names)})`);
  }
  if (position !== undefined) {
    const compare = direction === 'desc' ? '<' : '>';
    conditions.push(`(${column}, p.provider_id) ${compare} (${bind(position[0])}::${type}, ${bind(position[1])})`);
  }
  const text = `SELECT ${rowColumns}, ${column}::text AS "sortKey" FROM providers p WHERE ${conditions.join(' AND ')}
    ORDER BY ${column} ${direction}, p.provider_id ${direction} LIMIT ${bind(size + 1)}`;
  return { text, values };
}
