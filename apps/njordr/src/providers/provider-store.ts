import { appendAudit, auditOrigin } from '@edda/audit';
import { njordr } from '@edda/contracts';
import { appendEvents, jsonText } from '@edda/pg-kit';
import { type Pool, type PoolClient } from 'pg';
import { type SharingScope } from './provider-directory.ts';
import { type ProviderState } from './provider-machine.ts';
import { type ProviderRow, type RawRow, rowColumns, type StoredPrice, toRow } from './provider-row.ts';

type Db = Pool | PoolClient;

export interface NewProvider {
  providerId: string;
  deviceId: string;
  ownerId: string;
  networkId: string;
  configuration: njordr.ProviderConfiguration;
  agentVersion: string;
  payoutVerified: boolean;
  now: Date;
}

/** What a change may set; each names its column. */
export interface ProviderChange {
  status?: ProviderState;
  status_reason?: string;
  status_reason_code?: string;
  paused?: boolean;
  submission?: number;
  payout_verified?: boolean;
  test_passed?: boolean | null;
  test_latency_ms?: number | null;
  test_ttft_ms?: number | null;
  tested_at?: Date | null;
  test_detail?: string;
  decision_id?: string;
}

const scopes: Readonly<Record<number, SharingScope>> = {
  [njordr.SharingScope.TRUSTED]: 'trusted',
  [njordr.SharingScope.PUBLIC]: 'public',
};

/** The columns that repeat parts of a configuration. */
function configurationValues(configuration: njordr.ProviderConfiguration): unknown[] {
  const prices = configuration.models.map(({ price }) => (price ?? configuration.price)?.priceCents ?? 0n);
  const cheapest = prices.reduce((least, price) => (price < least ? price : least));
  return [
    jsonText(njordr.ProviderConfiguration.toJSON(configuration)),
    configuration.displayName,
    configuration.models.map(({ model }) => model),
    configuration.price?.priceCents ?? cheapest,
    scopes[configuration.sharing?.scope ?? 0] ?? 'own-network',
    configuration.sharing?.trustedNetworkIds ?? [],
  ];
}

async function select(db: Db, where: string, values: unknown[]): Promise<ProviderRow[]> {
  const { rows } = await db.query<RawRow>(`SELECT ${rowColumns} FROM providers p ${where}`, values);
  return rows.map(toRow);
}

/** @param lock takes the row's lock until the transaction ends */
export async function findProvider(db: Db, providerId: string, lock = false): Promise<ProviderRow | undefined> {
  const suffix = lock ? 'FOR UPDATE OF p' : '';
  return (await select(db, `WHERE p.provider_id = $1 ${suffix}`, [providerId]))[0];
}

/** The device's provider, unless it was unregistered. */
export async function findDevice(
  db: Db,
  networkId: string,
  deviceId: string,
  lock = false,
): Promise<ProviderRow | undefined> {
  const where = `WHERE p.network_id = $1 AND p.device_id = $2 AND p.status <> 'UNREGISTERED'`;
  return (await select(db, `${where} ${lock ? 'FOR UPDATE OF p' : ''}`, [networkId, deviceId]))[0];
}

export async function findByStatus(db: Db, statuses: readonly ProviderState[]): Promise<ProviderRow[]> {
  return select(db, 'WHERE p.status = ANY ($1) ORDER BY p.provider_id', [statuses]);
}

export async function findMany(db: Db, providerIds: readonly string[]): Promise<ProviderRow[]> {
  return providerIds.length === 0 ? [] : select(db, 'WHERE p.provider_id = ANY ($1)', [providerIds]);
}

/** How far a provider and its prices have come. */
export interface ProviderVersion {
  providerId: string;
  version: bigint;
  /** The sum of its prices' versions. */
  prices: bigint;
  /** Unregistered: it never changes again. */
  over: boolean;
}

/** Of every provider; a few milliseconds for ten thousand. */
export async function listVersions(db: Db): Promise<ProviderVersion[]> {
  const { rows } = await db.query<ProviderVersion>(
    `SELECT p.provider_id AS "providerId", p.version, p.status = 'UNREGISTERED' AS over,
       COALESCE((SELECT sum(q.price_version) FROM provider_prices q WHERE q.provider_id = p.provider_id), 0)::bigint AS prices
     FROM providers p`,
  );
  return rows;
}

/** How many providers an owner has, unregistered ones aside. */
export async function countOwned(db: Db, ownerId: string, networkId: string): Promise<number> {
  const { rows } = await db.query<{ owned: bigint }>(
    `SELECT count(*) AS owned FROM providers
     WHERE network_id = $1 AND owner_id = $2 AND status <> 'UNREGISTERED'`,
    [networkId, ownerId],
  );
  return Number(rows[0]?.owned ?? 0);
}

/** @returns false when the device has a provider already */
export async function insertProvider(client: PoolClient, provider: NewProvider): Promise<boolean> {
  const { rowCount } = await client.query(
    `INSERT INTO providers (provider_id, device_id, owner_id, network_id, status, agent_version, payout_verified,
       created_at, updated_at, configuration, display_name, models, price_cents, sharing, trusted_network_ids)
     VALUES ($1, $2, $3, $4, 'PENDING', $5, $6, $7, $7, $8, $9, $10, $11, $12, $13)
     ON CONFLICT (network_id, device_id) WHERE status <> 'UNREGISTERED' DO NOTHING`,
    [
      provider.providerId,
      provider.deviceId,
      provider.ownerId,
      provider.networkId,
      provider.agentVersion,
      provider.payoutVerified,
      provider.now,
      ...configurationValues(provider.configuration),
    ],
  );
  return rowCount === 1;
}

export async function replaceConfiguration(
  client: PoolClient,
  providerId: string,
  configuration: njordr.ProviderConfiguration,
  now: Date,
): Promise<void> {
  await client.query(
    `UPDATE providers SET configuration = $3, display_name = $4, models = $5, price_cents = $6, sharing = $7,
       trusted_network_ids = $8, version = version + 1, updated_at = $2 WHERE provider_id = $1`,
    [providerId, now, ...configurationValues(configuration)],
  );
}

/**
 * Changes a provider that still is as expected, and writes the event of it in the same transaction.
 * @returns false when it is in another state by now; nothing changed then
 */
export async function changeProvider(
  client: PoolClient,
  expected: Pick<ProviderRow, 'providerId' | 'status' | 'submission' | 'ownerId' | 'networkId'>,
  change: ProviderChange,
  event: { type: string; now: Date; reason?: string; requestId?: string },
): Promise<boolean> {
  const names = Object.keys(change);
  const sets = names.map((name, index) => `${name} = $${index + 5}`);
  const { rowCount } = await client.query(
    `UPDATE providers SET ${[...sets, 'version = version + 1', 'updated_at = $4'].join(', ')}
     WHERE provider_id = $1 AND status = $2 AND submission = $3`,
    [expected.providerId, expected.status, expected.submission, event.now, ...(Object.values(change) as unknown[])],
  );
  if (rowCount !== 1) return false;
  await recordEvent(client, expected, {
    ...event,
    status: change.status ?? expected.status,
    details: { from: expected.status, ...changedBy(change) },
  });
  return true;
}

/** What of a change an auditor wants to know; measurements are the history's. */
function changedBy({ paused, payout_verified, decision_id }: ProviderChange): object {
  return { paused, payoutVerified: payout_verified, decisionId: decision_id };
}

/** An event of a provider for the history, and its audit record: what happened, never what it was configured with. */
export async function recordEvent(
  client: PoolClient,
  provider: Pick<ProviderRow, 'providerId' | 'ownerId' | 'networkId'>,
  event: { type: string; status: string; now: Date; reason?: string; requestId?: string; details?: object },
): Promise<void> {
  const { providerId, ownerId, networkId } = provider;
  await appendEvents(client, [
    {
      subject: `provider:${providerId}`,
      type: event.type,
      payload: {
        provider_id: providerId,
        owner_id: ownerId,
        network_id: networkId,
        status: event.status,
        ...(event.reason !== undefined && { reason: event.reason }),
      },
      occurredAt: event.now,
      ...(event.requestId !== undefined && { requestId: event.requestId }),
    },
  ]);
  await appendAudit(client, [
    {
      occurredAt: event.now,
      ...auditOrigin('providers'),
      networkId,
      action: event.type,
      subject: `provider:${providerId}`,
      ...(event.reason !== undefined && { reason: event.reason }),
      details: { ownerId, status: event.status, ...event.details },
    },
  ]);
}

/** Keeps what Heidrun confirmed; an older version never replaces a newer one. */
export async function savePrice(db: Db, providerId: string, price: StoredPrice, now: Date): Promise<void> {
  await db.query(
    `INSERT INTO provider_prices AS known
       (provider_id, model, price_cents, output_price_cents, unit_tokens, price_version, set_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (provider_id, model) DO UPDATE
       SET price_cents = EXCLUDED.price_cents, output_price_cents = EXCLUDED.output_price_cents,
         unit_tokens = EXCLUDED.unit_tokens, price_version = EXCLUDED.price_version, set_at = EXCLUDED.set_at
       WHERE known.price_version < EXCLUDED.price_version`,
    [
      providerId,
      price.model,
      price.priceCents,
      price.outputPriceCents ?? null,
      price.unitTokens,
      price.priceVersion,
      now,
    ],
  );
}

/**
 * Notes a Hello, a sign of life or a loss, which counts only while nobody else has the line; these are no changes of the provider and leave its version alone.
 */
export async function noteLine(
  db: Db,
  providerId: string,
  line: { replicaId: string; connected: boolean; seenAt: Date; agentVersion?: string },
): Promise<void> {
  await db.query(
    `UPDATE providers SET connected = $2, last_seen_at = $3, agent_version = COALESCE($4, agent_version),
       connected_replica = CASE WHEN $2 THEN $5 END
     WHERE provider_id = $1 AND ($2 OR connected_replica IS NULL OR connected_replica = $5)`,
    [providerId, line.connected, line.seenAt, line.agentVersion ?? null, line.replicaId],
  );
}
