import { createHmac } from 'node:crypto';
import pg from 'pg';

/** A role's password, derived from the superuser's, so that it stays the same over restarts and is stored nowhere. */
export function rolePassword(superuserPassword: string, role: string): string {
  return createHmac('sha256', superuserPassword).update(`edda role ${role}`).digest('base64url');
}

/**
 * Creates the role and a database owned by it unless they are there, and sets the role's password.
 * Nobody but the owner (and superusers) may connect to the database.
 */
export async function ensureDatabase(adminUrl: string, name: string, role: string, password: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const database = client.escapeIdentifier(name);
    const owner = client.escapeIdentifier(role);
    await client.query(`CREATE ROLE ${owner} LOGIN`).catch(ignore('42710'));
    await client.query(`ALTER ROLE ${owner} LOGIN PASSWORD ${client.escapeLiteral(password)}`);
    await client.query(`CREATE DATABASE ${database} OWNER ${owner}`).catch(ignore('42P04'));
    await client.query(`REVOKE ALL ON DATABASE ${database} FROM PUBLIC`);
  } finally {
    await client.end();
  }
}

function ignore(sqlState: string): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof pg.DatabaseError) || error.code !== sqlState) throw error;
  };
}
