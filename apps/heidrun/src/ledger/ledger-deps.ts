import { type Clock, type Logger } from '@edda/telemetry';
import { type Pool } from 'pg';
import { type PrismaClient } from '../gen/prisma/client.ts';

/** What the ledger RPCs stand on. */
export interface LedgerDeps {
  pool: Pool;
  /** For lists; it shares the pool. */
  prisma: PrismaClient;
  clock: Clock;
  /** ISO 4217. */
  currency: string;
  /** How long after its end a hold may still be open: one sweep, with room for it to run. */
  sweepGraceMs: () => number;
  logger: Logger;
}
