import { namedLock } from '@edda/pg-kit';
import { type ClientBase, type Pool } from 'pg';
import { fromRow, type PriceRow, type StoredPrice } from './stored-price.ts';

type Db = Pool | ClientBase;

/** The model's own price before the one for every model; of each the newest version whose time has come. */
const IN_FORCE = `
SELECT * FROM prices WHERE provider_id = $1 AND model IN ($2, '') AND valid_from <= $3
ORDER BY model DESC, version DESC LIMIT 1`;
const IN_FORCE_OF_MANY = `
SELECT p.* FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted (provider_id, model, position)
LEFT JOIN LATERAL (
  SELECT * FROM prices
  WHERE prices.provider_id = wanted.provider_id AND prices.model IN (wanted.model, '') AND valid_from <= $3
  ORDER BY prices.model DESC, version DESC LIMIT 1
) p ON true ORDER BY wanted.position`;
const BY_VERSION = 'SELECT * FROM prices WHERE provider_id = $1 AND model = $2 AND version = $3';
const PRICED = `
SELECT w.id FROM unnest($1::text[]) AS w (id) WHERE EXISTS (SELECT FROM prices WHERE provider_id = w.id)`;
const BY_ID = 'SELECT * FROM prices WHERE id = $1';
const LATEST = `
SELECT (SELECT max(version) FROM prices WHERE provider_id = $1 AND model = $2) AS version, owner_id, network_id
FROM prices WHERE provider_id = $1 LIMIT 1`;
const INSERT = `
INSERT INTO prices (id, provider_id, model, version, price_cents, output_price_cents, unit_tokens, valid_from, owner_id,
  network_id, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`;

/** The price in force for a model at an instant, or undefined. */
export async function priceInForce(db: Db, providerId: string, model: string, now: Date) {
  return one(db, 'price-in-force', IN_FORCE, [providerId, model, now]);
}

/** The prices in force of several providers and models, in the order asked for; undefined where there is none. */
export async function pricesInForceOf(
  db: Db,
  wanted: readonly { providerId: string; model: string }[],
  now: Date,
): Promise<(StoredPrice | undefined)[]> {
  const values = [wanted.map(({ providerId }) => providerId), wanted.map(({ model }) => model), now];
  const { rows } = await db.query<PriceRow | { id: null }>({ name: 'prices-in-force', text: IN_FORCE_OF_MANY, values });
  return rows.map((row) => (row.id === null ? undefined : fromRow(row)));
}

/** Whether a price was ever set for a provider. */
export async function isPriced(db: Db, providerId: string): Promise<boolean> {
  return (await pricedOf(db, [providerId])).has(providerId);
}

/** Those of the providers for which a price was ever set. */
export async function pricedOf(db: Db, providerIds: readonly string[]): Promise<Set<string>> {
  const { rows } = await db.query<{ id: string }>({ name: 'prices-known', text: PRICED, values: [providerIds] });
  return new Set(rows.map(({ id }) => id));
}

/** A given version of exactly this model's price. */
export async function priceVersion(db: Db, providerId: string, model: string, version: bigint) {
  return one(db, 'price-version', BY_VERSION, [providerId, model, version]);
}

export async function priceById(db: Db, id: string) {
  return one(db, 'price-by-id', BY_ID, [id]);
}

/** Who owns a provider's prices, and the newest version for one model (0 for none); undefined for a new provider. */
export async function latestPrice(db: Db, providerId: string, model: string) {
  const { rows } = await db.query<{ version: bigint | null; owner_id: string; network_id: string }>({
    name: 'price-latest',
    text: LATEST,
    values: [providerId, model],
  });
  const row = rows[0];
  return row && { version: row.version ?? 0n, ownerId: row.owner_id, networkId: row.network_id };
}

/** One writer per provider at a time, until the transaction ends: versions stay gapless, one owner wins. */
export async function lockProviderPrices(db: ClientBase, providerId: string): Promise<void> {
  await db.query(`SELECT pg_advisory_xact_lock(${namedLock('providerPrices', '$1')})`, [`prices:${providerId}`]);
}

export async function insertPrice(db: Db, stored: StoredPrice): Promise<void> {
  const { price } = stored;
  await db.query({
    name: 'price-insert',
    text: INSERT,
    values: [
      stored.id,
      stored.providerId,
      stored.model,
      stored.version,
      price.priceCents,
      price.outputPriceCents ?? null,
      price.unitTokens,
      stored.validFrom,
      stored.ownerId,
      stored.networkId,
      stored.createdAt,
    ],
  });
}

async function one(db: Db, name: string, text: string, values: unknown[]): Promise<StoredPrice | undefined> {
  const { rows } = await db.query<PriceRow>({ name, text, values });
  return rows[0] && fromRow(rows[0]);
}
