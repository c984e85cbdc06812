import { clientOf, type MarketUser, tokensOf } from '@edda/app-edda/separate';
import { heidrun } from '@edda/contracts';
import { type World } from '../world/open-world.ts';
import { auditor } from './auditor.ts';
import { verifyAudit } from './verify-audit.ts';
import { verifyHistory } from './verify-history.ts';
import { verifyWhoPays } from './verify-who-pays.ts';

/** A requester, and all that has ever been paid into the wallet. */
export interface Funded {
  requester: MarketUser;
  cents: bigint;
}

/** Where Heidrun is. */
export interface LedgerKeeper {
  market: Pick<World['market'], 'minter'> & { addresses: Pick<World['market']['addresses'], 'heidrun'> };
  logger: World['logger'];
}

/** What must be true of a market in which nothing is going on any more; each violation in words. */
export async function verifyMarket(world: World, wallets: readonly Funded[]): Promise<string[]> {
  const found = await Promise.all([
    verifyTransactions(world),
    verifyHolds(world),
    verifyWhoPays(world),
    verifyLedger(world),
    verifyAudit(world),
    verifyHistory(world),
    ...wallets.map((wallet) => verifyWallet(world, wallet)),
  ]);
  return found.flat();
}

async function verifyTransactions({ databases }: World): Promise<string[]> {
  const { rows } = await databases.njordr.query<{ transaction_id: string; state: string }>(
    `SELECT transaction_id, state FROM transactions WHERE state IN ('PENDING', 'PROCESSING')`,
  );
  const wrong = await databases.njordr.query<{ transaction_id: string }>(
    `SELECT transaction_id FROM transactions t WHERE provider_earnings_cents + company_fee_cents <> total_cost_cents
       OR provider_earnings_cents <> (SELECT COALESCE(sum(earnings_cents), 0) FROM transaction_legs l
         WHERE l.transaction_id = t.transaction_id)
       OR (state <> 'COMPLETED' AND total_cost_cents <> 0)`,
  );
  return [
    ...rows.map(({ transaction_id: id, state }) => `transaction ${id} is still ${state}`),
    ...wrong.rows.map(({ transaction_id: id }) => `the bill of transaction ${id} does not add up`),
  ];
}

/** Each hold is resolved; a transaction is COMPLETED exactly where its hold was captured, at the same cost. */
async function verifyHolds({ databases }: World): Promise<string[]> {
  const holds = await databases.heidrun.query<{ transaction_id: string; kind: string | null; captured: bigint | null }>(
    `SELECT h.transaction_id, r.kind, c.captured_cents AS captured
     FROM holds h LEFT JOIN hold_resolutions r ON r.hold_id = h.id LEFT JOIN captures c ON c.hold_id = h.id`,
  );
  const transactions = await databases.njordr.query<{ transaction_id: string; state: string; cost: bigint }>(
    'SELECT transaction_id, state, total_cost_cents AS cost FROM transactions',
  );
  const ended = new Map(transactions.rows.map((row) => [row.transaction_id, row]));
  const captured = new Map<string, bigint>();
  const violations: string[] = [];
  for (const { transaction_id: id, kind, captured: cents } of holds.rows) {
    if (kind === null) violations.push(`the hold of transaction ${id} is still open`);
    if (cents !== null) captured.set(id, BigInt(cents));
    if (!ended.has(id)) violations.push(`a hold names transaction ${id}, which does not exist`);
  }
  for (const { transaction_id: id, state, cost } of transactions.rows) {
    const paid = captured.get(id);
    if (state === 'COMPLETED' && paid !== BigInt(cost)) {
      violations.push(`transaction ${id} cost ${cost} cents, but ${paid ?? 'nothing'} was captured`);
    }
    if (state !== 'COMPLETED' && paid !== undefined)
      violations.push(`transaction ${id} is ${state}, but ${paid} cents were captured`);
  }
  return violations;
}

/** All of VerifyLedger's invariants. */
export async function verifyLedger({ market, logger }: LedgerKeeper): Promise<string[]> {
  const ledger = clientOf(heidrun.LedgerServiceService, market.addresses.heidrun, tokensOf(market, auditor), logger);
  try {
    const { intact, violations } = await ledger.verifyLedger(
      heidrun.VerifyLedgerRequest.fromPartial({ maxViolations: 20 }),
    );
    if (intact) return [];
    return [
      'the ledger is not intact',
      ...violations.map((violation) => `ledger: ${JSON.stringify(violation, bigintText)}`),
    ];
  } finally {
    ledger.close();
  }
}

/** What a requester has less is what its completed transactions cost; nothing of it is reserved. */
async function verifyWallet(world: World, { requester, cents }: Funded): Promise<string[]> {
  const { market, logger, databases } = world;
  const payments = clientOf(
    heidrun.PaymentServiceService,
    market.addresses.heidrun,
    tokensOf(market, requester),
    logger,
  );
  try {
    const { balance } = await payments.getBalance(heidrun.GetBalanceRequest.fromPartial({}));
    const spent = await databases.njordr.query<{ cents: string }>(
      `SELECT COALESCE(sum(total_cost_cents), 0)::text AS cents FROM transactions
       WHERE requester_id = $1 AND network_id = $2 AND state = 'COMPLETED'`,
      [requester.subject, requester.networkId],
    );
    const expected = cents - BigInt(spent.rows[0]?.cents ?? 0);
    const { postedCents = 0n, reservedCents = 0n } = balance ?? {};
    return [
      ...(postedCents === expected ? [] : [`${requester.subject} has ${postedCents} cents instead of ${expected}`]),
      ...(reservedCents === 0n ? [] : [`${requester.subject} has ${reservedCents} cents reserved`]),
    ];
  } finally {
    payments.close();
  }
}

function bigintText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
