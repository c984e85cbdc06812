import { type ClientBase, type Pool } from 'pg';
import { type IdempotencyScope } from './with-idempotency.ts';
import { assertSameRequest } from './same-request.ts';

const KNOWN = `
SELECT request_hash AS "requestHash", response FROM idempotency_keys
WHERE tenant = $1 AND caller = $2 AND method = $3 AND key = $4 AND expires_at > $5 AND response IS NOT NULL`;

/**
 * The committed outcome of a key, without doing or claiming anything; undefined when there is none.
 * @throws IDEMPOTENCY_CONFLICT when the key was used with another request
 */
export async function knownOutcome(db: Pool | ClientBase, scope: IdempotencyScope): Promise<unknown> {
  const { tenant, caller, method, key, now } = scope;
  const { rows } = await db.query<{ requestHash: string; response: unknown }>(KNOWN, [
    tenant,
    caller,
    method,
    key,
    now,
  ]);
  const row = rows[0];
  if (row === undefined) return undefined;
  assertSameRequest(row.requestHash, scope.requestHash);
  return row.response;
}
