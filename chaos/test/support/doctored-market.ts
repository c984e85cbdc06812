import { type ServiceName } from '@edda/app-edda/separate';
import { type Pool } from 'pg';
import { type Funded, verifyMarket } from '../../src/verify/verify-market.ts';
import { type World } from '../../src/world/open-world.ts';

const one = `transaction_id = (SELECT min(transaction_id) FROM transactions WHERE state = 'COMPLETED' AND total_cost_cents > 0)`;
const oneHold = 'hold_id = (SELECT min(hold_id) FROM captures WHERE captured_cents > 0)';

/** What a bug, or somebody with access to a database, could leave behind. */
export const doctoredMarkets: [what: string, where: ServiceName, sql: string, found: RegExp][] = [
  [
    'a transaction is gone',
    'njordr',
    `DELETE FROM transactions WHERE ${one}`,
    /a hold names transaction \S+, which does not exist/,
  ],
  [
    'less was released than was held',
    'njordr',
    `UPDATE transactions SET released_cents = released_cents + 1 WHERE ${one}`,
    /paid and \d+ released are not/,
  ],
  [
    'another price version is billed',
    'njordr',
    `UPDATE transaction_legs SET price_version = price_version + 1 WHERE ${one}`,
    /\(version \d+\); held were/,
  ],
  [
    'the input is not billed',
    'njordr',
    `UPDATE transaction_legs SET input_tokens = 0 WHERE ${one}`,
    /bills 0 input tokens instead of \d+/,
  ],
  [
    'a leg earns nothing',
    'njordr',
    `UPDATE transaction_legs SET earnings_cents = 0 WHERE ${one}`,
    /the bill of transaction \S+ does not add up/,
  ],
  ['a receipt is gone', 'njordr', `UPDATE transactions SET receipt = NULL WHERE ${one}`, /has no receipt/],
  [
    'a request is still open',
    'njordr',
    `UPDATE transactions SET state = 'PROCESSING' WHERE ${one}`,
    /is still PROCESSING/,
  ],
  [
    'an event was never sent',
    'njordr',
    'UPDATE outbox_events SET published = false WHERE id = (SELECT min(id) FROM outbox_events)',
    /waits in the outbox/,
  ],
  ['a capture is missing', 'heidrun', `DELETE FROM captures WHERE ${oneHold}`, /but nothing was captured/],
  [
    'a capture is of other tokens',
    'heidrun',
    `UPDATE capture_legs SET output_tokens = output_tokens + 1 WHERE ${oneHold}`,
    /Heidrun captured/,
  ],
  [
    'a hold is open',
    'heidrun',
    `DELETE FROM hold_resolutions WHERE ${oneHold}`,
    /the hold of transaction \S+ is still open/,
  ],
  [
    'an event is missing in the history',
    'nornen',
    `DELETE FROM history_events WHERE ctid = (SELECT min(ctid) FROM history_events WHERE service = 'njordr')`,
    /is 0 times in the history/,
  ],
];

/** What the checks say of a market whose database was changed like this. The change is taken back. */
export async function problemsAfter(
  world: World,
  wallets: readonly Funded[],
  where: ServiceName,
  sql: string,
): Promise<string> {
  const client = await world.databases[where].connect();
  try {
    await client.query(`BEGIN; SET LOCAL session_replication_role = replica; ${sql}`);
    const databases = { ...world.databases, [where]: client as unknown as Pool };
    return (await verifyMarket({ ...world, databases }, wallets)).join('\n');
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
}
