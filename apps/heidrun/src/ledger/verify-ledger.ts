import { type heidrun } from '@edda/contracts';
import { parseWith } from '@edda/grpc-kit';
import { inTransaction } from '@edda/pg-kit';
import { type ClientBase } from 'pg';
import { z } from 'zod';
import { invariants } from './invariants.ts';
import { type LedgerDeps } from './ledger-deps.ts';

const schema = z.object({
  maxViolations: z.int().min(0, 'must be 0 to 1,000').max(1_000, 'must be 0 to 1,000'),
});

const COUNTS = `
SELECT (SELECT count(*) FROM accounts) AS "accountsChecked",
  (SELECT count(*) FROM transfers) AS "transfersChecked",
  (SELECT count(*) FROM holds) AS "holdsChecked",
  (SELECT count(*) FROM captures) AS "capturesChecked",
  (SELECT count(*) FROM provider_books) AS "carriesChecked",
  (SELECT coalesce(sum(t.amount_cents), 0) FROM transfers t JOIN accounts a ON a.id = t.debit_account_id)::bigint
    AS "totalDebitsCents",
  (SELECT coalesce(sum(t.amount_cents), 0) FROM transfers t JOIN accounts a ON a.id = t.credit_account_id)::bigint
    AS "totalCreditsCents"`;

type Counts = Omit<heidrun.VerifyLedgerResponse, 'intact' | 'violations' | 'checkedAt'>;

type VerifyDeps = Omit<LedgerDeps, 'prisma' | 'currency'>;

/** VerifyLedger: a violation is an answer, not an error. */
export function createVerifyLedger(deps: VerifyDeps) {
  return async (request: heidrun.VerifyLedgerRequest): Promise<heidrun.VerifyLedgerResponse> => {
    const { maxViolations } = parseWith(schema, request);
    const { counts, violations, checkedAt } = await verifyBooks(deps, maxViolations === 0 ? 100 : maxViolations);
    return { intact: violations.length === 0, ...counts, violations, checkedAt };
  };
}

/** Every invariant, from the rows, in one snapshot; at most `limit` violations of each. */
export async function verifyBooks(deps: VerifyDeps, limit: number) {
  const checkedAt = deps.clock.now();
  const overdueBefore = new Date(checkedAt.getTime() - deps.sweepGraceMs());
  const { counts, violations } = await inTransaction(
    deps.pool,
    async (client) => ({
      // The first statement takes the snapshot all others read.
      counts: await countRows(client),
      violations: await findViolations(client, limit, overdueBefore),
    }),
    { isolation: 'repeatable read' },
  );
  const intact = violations.length === 0;
  const level = intact ? 'info' : 'error';
  deps.logger[level]({ intact, violations: violations.length, ...logged(counts) }, 'ledger verified');
  return { counts, violations, checkedAt };
}

async function countRows(client: ClientBase): Promise<Counts> {
  // Reads every row: longer than ordinary statements may take.
  await client.query(`SET LOCAL statement_timeout = '5min'`);
  const { rows } = await client.query<Counts>(COUNTS);
  return rows[0] as Counts;
}

async function findViolations(client: ClientBase, limit: number, overdueBefore: Date) {
  const violations: heidrun.LedgerViolation[] = [];
  for (const { name, sql } of invariants) {
    const values = sql.includes('$2') ? [limit, overdueBefore] : [limit];
    const { rows } = await client.query<{ subject: string; description: string }>(sql, values);
    violations.push(...rows.map((row) => ({ invariant: name, ...row })));
  }
  return violations;
}

const logged = (counts: Counts) => ({
  accounts: counts.accountsChecked,
  transfers: counts.transfersChecked,
  holds: counts.holdsChecked,
  captures: counts.capturesChecked,
});
