import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../src/market/random.ts';
import { type MoneyDeed } from '../src/money/insist.ts';
import { createMoneyClient } from '../src/money/money-client.ts';
import { type MoneyWorld, openMoneyWorld } from '../src/money/open-money-world.ts';
import { findDoubles, findLosses, verifyBalances, verifyNothingOpen } from '../src/money/verify-money.ts';
import { verifyAudit } from '../src/verify/verify-audit.ts';
import { verifyLedger } from '../src/verify/verify-market.ts';

const wantedKinds = ['capture', 'cancel', 'refund', 'top-up'];

/** A copy of some row of the table, with other values where they are named. */
const copy = (table: string, values: string) =>
  `INSERT INTO ${table} SELECT (jsonb_populate_record(t, jsonb_build_object(${values}))).* FROM ${table} t LIMIT 1`;

/** What somebody who can write to the database, or a bug, could do to the books. */
const doctored: [what: string, table: string, sql: string, found: RegExp][] = [
  [
    'a capture is missing',
    'captures',
    'DELETE FROM captures WHERE hold_id = (SELECT min(hold_id) FROM captures WHERE captured_cents > 0)',
    /capture client-1-\d+-capture was answered .*; in the books are none/,
  ],
  [
    'a capture has another amount',
    'captures',
    'UPDATE captures SET captured_cents = captured_cents + 1, earnings_cents = earnings_cents + 1',
    /capture client-1-\d+-capture was answered with .* in the books are \d+/,
  ],
  [
    'a cancellation is missing',
    'hold_resolutions',
    `DELETE FROM hold_resolutions WHERE kind = 'CANCELLED'`,
    /cancel client-1-\d+-cancel was answered/,
  ],
  [
    'a top-up is booked twice',
    'top_ups',
    copy('top_ups', `'id', 'again'`),
    /top-up of \d+ cents for client-1: 2 times/,
  ],
  [
    'a refund is booked twice',
    'refunds',
    copy('refunds', `'id', 'again', 'total_refunded_cents', t.total_refunded_cents + 1`),
    /refund of hold \S+: 2 times/,
  ],
  [
    'the payment provider was asked twice',
    'sandbox_charges',
    copy('sandbox_charges', `'idempotency_key', 'again', 'reference', 'again'`),
    /charges at the payment provider beyond the top-ups/,
  ],
  [
    'a transfer has another amount',
    'transfers',
    `UPDATE transfers SET amount_cents = amount_cents + 1 WHERE kind = 'EARNINGS'`,
    /the ledger is not intact/,
  ],
  [
    'a transfer is missing',
    'transfers',
    'DELETE FROM transfers WHERE sequence = (SELECT max(sequence) FROM transfers)',
    /the ledger is not intact/,
  ],
  [
    'a transfer is there twice',
    'transfers',
    copy('transfers', `'id', 'again', 'sequence', 1000000`),
    /the ledger is not intact/,
  ],
  [
    'a wallet has a cent more',
    'accounts',
    `UPDATE accounts SET posted_cents = posted_cents + 1 WHERE kind = 'wallet'`,
    /wallet:demo\/client-1 has \d+ cents/,
  ],
  [
    'earnings are somebody else’s',
    'accounts',
    `UPDATE accounts SET posted_cents = posted_cents - 1 WHERE kind = 'earnings'`,
    /earnings:demo\/owner-of-client-1 has \d+ cents/,
  ],
  [
    'a hold is open again',
    'open_holds',
    'INSERT INTO open_holds SELECT id, now() FROM holds LIMIT 1',
    /hold \S+ is still open/,
  ],
  [
    'an audit record was changed',
    'audit_records',
    `UPDATE audit_records SET actor = actor || '!' WHERE sequence = 2`,
    /the audit chain of heidrun is broken/,
  ],
  [
    'an audit record is missing',
    'audit_records',
    'DELETE FROM audit_records WHERE sequence = 2',
    /the audit chain of heidrun is broken/,
  ],
];

describe('the check after a money run: whatever is done to the books is found', () => {
  let world: MoneyWorld;
  const deeds: MoneyDeed[] = [];
  const problems = async () => {
    const byClient = new Map([['client-1', deeds]]);
    const found = [
      ...[verifyNothingOpen(world), verifyLedger(world), verifyAudit(world), verifyBalances(world, byClient)],
      ...[findLosses(world, deeds), findDoubles(world, deeds)],
    ];
    return (await Promise.all(found)).flat();
  };
  /** As nobody but a superuser can: no trigger and no reference is in the way. */
  const force = (sql: string) =>
    world.database.query(`BEGIN; SET LOCAL session_replication_role = replica; ${sql}; COMMIT`);

  beforeAll(async () => {
    world = await openMoneyWorld();
    const client = createMoneyClient(world, 'client-1', createRandom(1));
    deeds.push(...(await client.open()));
    const missing = () =>
      wantedKinds.some((kind) => !deeds.some(({ what, answer }) => what === kind && answer !== undefined));
    await client.run(missing, (done) => void deeds.push(...done));
  });
  afterAll(() => (world as MoneyWorld | undefined)?.close());

  it('untouched, they are in order', async () => {
    const quiet = async () => (await world.database.query('SELECT FROM audit_intake')).rowCount === 0;
    await expect.poll(async () => [...(await problems()), await quiet()], { timeout: 60_000 }).toEqual([true]);
  }, 90_000);

  it.each(doctored)('%s', async (_, table, sql, found) => {
    await world.database.query(`CREATE TABLE untouched AS TABLE ${table}`);
    await force(sql);
    expect((await problems()).join('\n')).toMatch(found);
    await force(`DELETE FROM ${table}; INSERT INTO ${table} SELECT * FROM untouched; DROP TABLE untouched`);
    expect(await problems()).toEqual([]);
  });

  it('a client that was told something else the second time', async () => {
    const [deed] = deeds;
    deed!.differing.push('PREAUTH_EXPIRED');
    expect(await problems()).toEqual([expect.stringMatching(/was answered with .*, then with PREAUTH_EXPIRED/)]);
    deed!.differing.pop();
  });
});
