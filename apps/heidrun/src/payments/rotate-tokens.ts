import { type Pool } from 'pg';
import { type Logger } from '@edda/telemetry';
import { type SealedToken, type TokenSeal } from './token-seal.ts';

const BATCH = 100;
const OLD = `
SELECT id, token_key_id AS "keyId", token_sealed AS sealed FROM payment_methods
WHERE token_key_id <> $1 AND id > $2 ORDER BY id LIMIT ${BATCH}`;
// Only what is still as it was read: a method removed meanwhile stays without a token.
const REPLACE = `
UPDATE payment_methods SET token_key_id = $2, token_sealed = $3 WHERE id = $1 AND token_sealed = $4`;

interface RotateDeps {
  pool: Pool;
  seal: TokenSeal;
  logger: Logger;
}

/**
 * Seals every token anew that an older key keeps, so that the key can be taken out of the configuration afterwards.
 * One whose key is gone already is left as it is, and told. @returns how many were sealed anew
 */
export async function rotateTokens({ pool, seal, logger }: RotateDeps): Promise<number> {
  let [rotated, after, found] = [0, '', BATCH];
  while (found === BATCH) {
    const { rows } = await pool.query<SealedToken & { id: string }>(OLD, [seal.keyId, after]);
    found = rows.length;
    after = rows.at(-1)?.id ?? after;
    for (const row of rows) {
      try {
        const { keyId, sealed } = seal.seal(seal.open(row, row.id), row.id);
        await pool.query(REPLACE, [row.id, keyId, sealed, row.sealed]);
        rotated += 1;
      } catch (error) {
        logger.error({ err: error, payment_method_id: row.id, key_id: row.keyId }, 'a token cannot be sealed anew');
      }
    }
  }
  if (rotated > 0) logger.info({ rotated, key_id: seal.keyId }, 'payment tokens sealed with the current key');
  return rotated;
}
