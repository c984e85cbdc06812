import { commonFaults } from '@edda/faults';
import pg from 'pg';

/**
 * Whether the connection (rather than a statement) failed: errors without SQLSTATE come from the socket or the
 * driver; class 08 is "connection exception", 57P01–57P03 are shutdown, crash and start-up of the server.
 */
export function isConnectionError(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) {
    return error.code !== undefined && (error.code.startsWith('08') || /^57P0[1-35]$/.test(error.code));
  }
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (typeof code === 'string' && /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOST|ENET)/.test(code)) return true;
  return error instanceof Error && driverTexts.some((text) => error.message.includes(text));
}

/** DEPENDENCY_UNAVAILABLE where the connection failed; every other error as it is. */
export function asUnavailable(error: unknown): unknown {
  if (!isConnectionError(error)) return error;
  return commonFaults.DEPENDENCY_UNAVAILABLE('The database does not answer.', { cause: error, retryAfterMs: 1_000 });
}

/** pg reports these as plain errors without a code. */
const driverTexts = [
  'Connection terminated',
  'Client has encountered a connection error',
  'timeout exceeded when trying to connect',
  'timeout expired',
  'Client was closed',
  'Cannot use a pool after calling end',
];

/** The SQLSTATE of a server's error, or undefined. */
export function sqlStateOf(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}
