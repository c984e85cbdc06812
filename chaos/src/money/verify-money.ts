import { type MoneyDeed, textOf } from './insist.ts';
import { networkId } from './money-client.ts';
import { type MoneyWorld } from './open-money-world.ts';

/** What is in the books of an operation, in the order of its answer. */
const BOOKED = `
SELECT 'hold' AS what, id, held_cents AS cents FROM holds
UNION ALL SELECT 'capture', hold_id, captured_cents FROM captures
UNION ALL SELECT 'cancel', hold_id, released_cents FROM hold_resolutions WHERE kind = 'CANCELLED'
UNION ALL SELECT 'refund', id, amount_cents FROM refunds
UNION ALL SELECT 'top-up', id, amount_cents FROM top_ups WHERE status = 'SUCCEEDED'
UNION ALL SELECT 'payout', id, amount_cents FROM payouts WHERE status = 'PAID'`;

/** What was acknowledged and is not in the books, or not as it was told. */
export async function findLosses({ database }: MoneyWorld, deeds: readonly MoneyDeed[]): Promise<string[]> {
  const { rows } = await database.query<{ what: string; id: string; cents: bigint }>(BOOKED);
  const booked = new Map(rows.map(({ what, id, cents }) => [`${what} ${id}`, BigInt(cents)]));
  return deeds.flatMap(({ what, key, answer }) => {
    if (answer === undefined) return [];
    const cents = booked.get(`${what} ${answer['id']}`);
    if (cents === answer['cents']) return [];
    return [`${what} ${key} was answered with ${textOf(answer)}; in the books are ${cents ?? 'none'}`];
  });
}

/** Amounts tell a client's top-ups and payouts apart, and each transaction is refunded once at most. */
const REPEATED = `
SELECT format('top-up of %s cents for %s', amount_cents, user_id) AS what, count(*) AS times FROM top_ups
WHERE status = 'SUCCEEDED' GROUP BY user_id, amount_cents HAVING count(*) > 1
UNION ALL SELECT format('payout of %s cents to %s', amount_cents, user_id), count(*) FROM payouts
WHERE status <> 'FAILED' GROUP BY user_id, amount_cents HAVING count(*) > 1
UNION ALL SELECT format('refund of hold %s', hold_id), count(*) FROM refunds GROUP BY hold_id HAVING count(*) > 1
UNION ALL SELECT format('hold of transaction %s', transaction_id), count(*) FROM holds
GROUP BY transaction_id HAVING count(*) > 1
UNION ALL SELECT 'charges at the payment provider beyond the top-ups',
  (SELECT count(*) FROM sandbox_charges) - (SELECT count(*) FROM top_ups)
WHERE (SELECT count(*) FROM sandbox_charges) > (SELECT count(*) FROM top_ups)
UNION ALL SELECT 'payouts at the payment provider beyond our own',
  (SELECT count(*) FROM sandbox_payouts) - (SELECT count(*) FROM payouts)
WHERE (SELECT count(*) FROM sandbox_payouts) > (SELECT count(*) FROM payouts)`;

/** What happened more often than it was wanted, and repetitions that were not answered with the first result. */
export async function findDoubles({ database }: MoneyWorld, deeds: readonly MoneyDeed[]): Promise<string[]> {
  const { rows } = await database.query<{ what: string; times: bigint }>(REPEATED);
  return [
    ...rows.map(({ what, times }) => `${what}: ${times} times`),
    ...deeds.flatMap(({ what, key, answer, differing }) =>
      differing.map((other) => `${what} ${key} was answered with ${textOf(answer ?? {})}, then with ${other}`),
    ),
  ];
}

const OPEN = `
SELECT 'hold ' || hold_id AS what FROM open_holds
UNION ALL SELECT 'top-up ' || id FROM top_ups WHERE status = 'PENDING'
UNION ALL SELECT 'payout ' || id FROM payouts WHERE status IN ('PENDING', 'IN_TRANSIT')`;

export async function verifyNothingOpen({ database }: MoneyWorld): Promise<string[]> {
  const { rows } = await database.query<{ what: string }>(OPEN);
  return rows.map(({ what }) => `${what} is still open`);
}

/** Each wallet and each owner's earnings are what the answers add up to, nothing more and nothing less. */
export async function verifyBalances(
  { database }: MoneyWorld,
  byClient: ReadonlyMap<string, readonly MoneyDeed[]>,
): Promise<string[]> {
  const { rows } = await database.query<{ name: string; posted: bigint; pending: bigint }>(
    `SELECT name, posted_cents AS posted, pending_cents AS pending FROM accounts WHERE kind IN ('wallet', 'earnings')`,
  );
  const accounts = new Map(rows.map((row) => [row.name, row]));
  return [...byClient].flatMap(([client, deeds]) => {
    // Of what was never answered nobody knows whether it was done.
    if (deeds.some(({ answer, refused }) => answer === undefined && refused === undefined)) return [];
    const sum = (wanted: string, part: 'cents' | 'fee' = 'cents') =>
      deeds.reduce((cents, { what, answer }) => (what === wanted ? cents + BigInt(answer?.[part] ?? 0n) : cents), 0n);
    const captured = sum('capture') - sum('refund');
    const fees = sum('capture', 'fee') - sum('refund', 'fee');
    const wanted = {
      [`wallet:${networkId}/${client}`]: sum('top-up') - captured,
      [`earnings:${networkId}/owner-of-${client}`]: captured - fees - sum('payout'),
    };
    return Object.entries(wanted).flatMap(([name, cents]) => {
      const { posted = 0n, pending = 0n } = accounts.get(name) ?? {};
      if (BigInt(posted) === cents && BigInt(pending) === 0n) return [];
      return [`${name} has ${posted} cents, ${pending} of them held, instead of ${cents}`];
    });
  });
}
