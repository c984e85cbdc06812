import { commonFaults } from '@edda/faults';
import { type ClientBase, type Pool, type PoolClient } from 'pg';
import { inTransaction } from '../in-transaction.ts';
import { jsonText } from '../json-text.ts';
import { IDEMPOTENCY_TTL_MS } from './idempotency-table-sql.ts';
import { assertSameRequest } from './same-request.ts';

export interface IdempotencyScope {
  tenant: string;
  caller: string;
  /** The RPC's full name. */
  method: string;
  key: string;
  /** From `hashRequest`, over everything that makes the request what it is. */
  requestHash: string;
  now: Date;
  /** Called when the answer comes from the store, for metrics and logs. */
  onReplay?: () => void;
}

/**
 * The insert of a concurrent duplicate waits on the first one's uncommitted row. Taken over are rows that expired
 * unswept, and rows whose work failed although the caller committed; anything else answers no row.
 */
const CLAIM = `
INSERT INTO idempotency_keys AS known (tenant, caller, method, key, request_hash, expires_at)
VALUES ($1, $2, $3, $4, $5, $7)
ON CONFLICT (tenant, caller, method, key) DO UPDATE
  SET request_hash = EXCLUDED.request_hash, response = NULL, expires_at = EXCLUDED.expires_at
  WHERE known.expires_at <= $6 OR known.response IS NULL
RETURNING 1`;
const KNOWN = `
SELECT request_hash AS "requestHash", response FROM idempotency_keys
WHERE tenant = $1 AND caller = $2 AND method = $3 AND key = $4`;
const REMEMBER = `
UPDATE idempotency_keys SET response = $5::jsonb
WHERE tenant = $1 AND caller = $2 AND method = $3 AND key = $4`;

/**
 * Does a piece of work once per key: within the caller's transaction when given its client, else in a new one. Only
 * what commits is remembered; a concurrent duplicate waits for the first and gets its answer. The answer is the
 * response after a round trip through JSON, the first time as well.
 * @throws IDEMPOTENCY_CONFLICT when the key was used with another request; whatever `fn` throws
 */
export function withIdempotency<T>(
  db: Pool | PoolClient,
  scope: IdempotencyScope,
  fn: (client: PoolClient) => Promise<T>,
): Promise<T> {
  if ('totalCount' in db) {
    // A commit of unknown outcome may be repeated: if it took effect, the repetition finds it.
    return inTransaction(db, (client) => once(client, scope, fn), { idempotent: true });
  }
  return once(db, scope, fn);
}

async function once<T>(
  client: PoolClient,
  scope: IdempotencyScope,
  fn: (client: PoolClient) => Promise<T>,
): Promise<T> {
  const id = [scope.tenant, scope.caller, scope.method, scope.key];
  const expiresAt = new Date(scope.now.getTime() + IDEMPOTENCY_TTL_MS);
  const values = [...id, scope.requestHash, scope.now, expiresAt];
  const claimed = await client.query({ name: 'idempotency-claim', text: CLAIM, values });
  if (claimed.rowCount === 0) return recall<T>(client, id, scope);
  const text = jsonText(await fn(client));
  await client.query({ name: 'idempotency-remember', text: REMEMBER, values: [...id, text] });
  return JSON.parse(text) as T;
}

async function recall<T>(client: ClientBase, id: readonly string[], scope: IdempotencyScope): Promise<T> {
  const known = await client.query<{ requestHash: string; response: T }>({
    name: 'idempotency-known',
    text: KNOWN,
    values: [...id],
  });
  const row = known.rows[0];
  if (!row) throw commonFaults.VERSION_CONFLICT('The idempotency key expired just now; send the request again.');
  assertSameRequest(row.requestHash, scope.requestHash);
  scope.onReplay?.();
  return row.response;
}
