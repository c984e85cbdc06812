import { heidrun } from '@edda/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  captureRequest,
  counted,
  holdRequest,
  setPrice,
  startHeidrun,
  type TestHeidrun,
} from './support/start-heidrun.ts';

let service: TestHeidrun;
let user: string;
let preauthId: string;
beforeEach(async () => {
  service = await startHeidrun();
  await setPrice(service, 'p-1', { priceCents: 300n });
  user = await service.requester(10_000n);
  ({ preauthId } = await service.preAuth.preAuthorize(holdRequest(user, ['p-1'])));
  await service.preAuth.capturePreAuth(captureRequest(preauthId, [{ providerId: 'p-1', ...counted(1_000n, 235n) }]));
  await service.preAuth.preAuthorize(holdRequest(user, ['p-1']));
});
afterEach(() => service.close());

/** Changes rows behind the back of every check, as a fault or an intruder might. */
async function tamper(sql: string): Promise<void> {
  const client = await service.database.pool.connect();
  try {
    await client.query(`SET session_replication_role = replica; ${sql}`);
  } finally {
    client.release(true);
  }
}
const violations = async () => {
  const answer = await service.ledger.verifyLedger({ maxViolations: 0 });
  expect(answer.intact).toBe(answer.violations.length === 0);
  return [...new Set(answer.violations.map(({ invariant }) => invariant))];
};

describe('VerifyLedger', () => {
  it('finds nothing in sound books and says what it read', async () => {
    expect(await service.ledger.verifyLedger({ maxViolations: 0 })).toMatchObject({
      intact: true,
      transfersChecked: 3n,
      holdsChecked: 2n,
      capturesChecked: 1n,
      carriesChecked: 1n,
      totalDebitsCents: 10_371n,
      totalCreditsCents: 10_371n,
    });
  });

  const drop = (constraint: string) => `ALTER TABLE accounts DROP CONSTRAINT ${constraint};`;
  it.each([
    [
      'a balance that is not the sum of its transfers',
      `UPDATE accounts SET posted_cents = posted_cents + 1 WHERE kind = 'earnings'`,
      ['DEBITS_EQUAL_CREDITS', 'BALANCE_IS_FOLD'],
    ],
    [
      'a changed transfer',
      `UPDATE transfers SET amount_cents = amount_cents + 1 WHERE kind = 'FEE'`,
      ['BALANCE_IS_FOLD', 'CAPTURE_IS_SPLIT_WITHIN_HOLD', 'ROLL_UP_IS_FOLD'],
    ],
    [
      'a deleted transfer',
      `DELETE FROM transfers WHERE kind = 'EARNINGS'`,
      ['BALANCE_IS_FOLD', 'CAPTURE_IS_SPLIT_WITHIN_HOLD', 'ROLL_UP_IS_FOLD'],
    ],
    ['a forgotten hold', `DELETE FROM open_holds`, ['BALANCE_IS_FOLD', 'HOLD_NOT_OVERDUE']],
    [
      'a wallet below its limit',
      `${drop('accounts_wallet_within_limit')} UPDATE accounts SET credit_limit_cents = 0, pending_cents = 99999
       WHERE kind = 'wallet'`,
      ['BALANCE_IS_FOLD', 'WALLET_ABOVE_LIMIT'],
    ],
    [
      'a capture above its hold',
      `UPDATE holds SET held_cents = 1 WHERE id IN (SELECT hold_id FROM captures)`,
      ['CAPTURE_IS_SPLIT_WITHIN_HOLD'],
    ],
    ['a missing capture', `DELETE FROM captures`, ['CAPTURE_IS_SPLIT_WITHIN_HOLD', 'CARRY_WITHIN_BOUND']],
    [
      'a changed share',
      `UPDATE capture_legs SET earnings_cents = earnings_cents - 1`,
      ['CAPTURE_IS_SPLIT_WITHIN_HOLD'],
    ],
    [
      'a capture that was paid by somebody else’s wallet',
      `INSERT INTO accounts (name, base, kind, credit_limit_cents) VALUES ('wallet:x', 'wallet:x', 'wallet', 9999);
       UPDATE transfers SET debit_account_id = (SELECT id FROM accounts WHERE name = 'wallet:x') WHERE kind = 'FEE';
       UPDATE accounts SET posted_cents = posted_cents - 55 WHERE name = 'wallet:x';
       UPDATE accounts SET posted_cents = posted_cents + 55 WHERE kind = 'wallet' AND name <> 'wallet:x'`,
      ['CAPTURE_IS_SPLIT_WITHIN_HOLD', 'ROLL_UP_IS_FOLD'],
    ],
    [
      'earnings that went to an owner of that name in another tenant',
      `INSERT INTO accounts (name, base, kind, posted_cents) VALUES ('earnings:x/owner-of-p-1', 'earnings:x/owner-of-p-1', 'earnings', 316);
       UPDATE accounts SET posted_cents = 0 WHERE kind = 'earnings' AND name NOT LIKE 'earnings:x/%';
       UPDATE transfers SET credit_account_id = (SELECT id FROM accounts WHERE name = 'earnings:x/owner-of-p-1')
       WHERE kind = 'EARNINGS'`,
      ['CAPTURE_IS_SPLIT_WITHIN_HOLD', 'ROLL_UP_IS_FOLD'],
    ],
    [
      'money taken from a wallet without a capture',
      `INSERT INTO transfers (id, debit_account_id, credit_account_id, amount_cents, kind, posted_at)
       SELECT 'capture:nothing:fee', debit_account_id, credit_account_id, 5, 'FEE', posted_at FROM transfers
       WHERE kind = 'FEE';
       UPDATE accounts SET posted_cents = posted_cents - 5 WHERE kind = 'wallet';
       UPDATE accounts SET posted_cents = posted_cents + 5 WHERE kind = 'revenue'`,
      ['CAPTURE_IS_SPLIT_WITHIN_HOLD', 'ROLL_UP_IS_FOLD'],
    ],
    [
      'a charge that was never credited',
      `INSERT INTO top_ups (id, network_id, user_id, payment_method_id, payment_provider, amount_cents, currency, status,
         next_attempt_at, created_at, completed_at)
       SELECT 't', network_id, user_id, id, 'sandbox', 100, 'EUR', 'SUCCEEDED', now(), now(), now() FROM payment_methods`,
      ['TOP_UP_IS_CREDITED_ONCE_CHARGED'],
    ],
    [
      'a refund that was never posted, with too much of the fee',
      `INSERT INTO refunds (id, hold_id, amount_cents, fee_returned_cents, total_refunded_cents, request_id, reason,
         caller, refunded_at) SELECT 'r', hold_id, 10, 9, 10, '', '', '', now() FROM captures`,
      ['REFUND_WITHIN_CAPTURE'],
    ],
    ['a rollup that lost a cent', `UPDATE wallet_spending SET spent_cents = spent_cents - 1`, ['ROLL_UP_IS_FOLD']],
    [
      'a payout whose money was never set aside',
      `INSERT INTO payouts (id, network_id, user_id, payment_method_id, payment_provider, amount_cents, currency, status,
         next_attempt_at, created_at)
       SELECT 'o', network_id, user_id, id, 'sandbox', 100, 'EUR', 'PENDING', now(), now() FROM payment_methods`,
      ['PAYOUT_HOLDS_ITS_MONEY'],
    ],
    ['an overdue hold', `UPDATE holds SET expires_at = now() - interval '1 day'`, ['HOLD_NOT_OVERDUE']],
    [
      'a hold that is open and resolved',
      `INSERT INTO open_holds SELECT hold_id, now() FROM captures`,
      ['BALANCE_IS_FOLD', 'HOLD_NOT_OVERDUE'],
    ],
    ['a lost carry', `UPDATE provider_books SET commission_carry = 0`, ['CARRY_WITHIN_BOUND']],
    ['a carry out of bounds', `UPDATE provider_books SET commission_carry = 10000`, ['CARRY_WITHIN_BOUND']],
  ])('finds %s', async (_what, sql, expected) => {
    await tamper(sql);
    expect(await violations()).toEqual(expected);
  });

  it('reports at most as many violations per invariant as asked for', async () => {
    await tamper(`UPDATE accounts SET posted_cents = posted_cents + id`);
    const { violations: found } = await service.ledger.verifyLedger({ maxViolations: 1 });
    expect(found.map(({ invariant }) => invariant)).toEqual(['DEBITS_EQUAL_CREDITS', 'BALANCE_IS_FOLD']);
  });
});

describe('GetAccount', () => {
  it('shows posted, pending and available, and sums the company’s rows', async () => {
    const own = service.client(heidrun.LedgerServiceService, { subject: user, roles: ['user'] });
    const { account } = await own.getAccount({ accountId: '' });
    expect(account).toEqual({
      accountId: `wallet:net/${user}`,
      postedCents: 9_629n,
      pendingCents: 600n,
      availableCents: 9_029n,
      creditLimitCents: 0n,
      currency: 'EUR',
      frozen: false,
    });
    expect((await own.getAccount({ accountId: `wallet:${user}` })).account).toEqual(account);
    const company = await service.ledger.getAccount({ accountId: 'revenue:company' });
    expect(company.account?.postedCents).toBe(55n);
    const owner = service.client(heidrun.LedgerServiceService, { subject: 'owner-of-p-1', roles: ['provider'] });
    expect((await owner.getAccount({ accountId: 'earnings:owner-of-p-1' })).account?.postedCents).toBe(316n);
  });
});

describe('ListTransfers', () => {
  const list = (more: Partial<heidrun.ListTransfersRequest>) => ({
    pageSize: 0,
    pageToken: '',
    orderBy: '',
    accountId: '',
    transactionId: '',
    kind: heidrun.TransferKind.UNSPECIFIED,
    from: undefined,
    to: undefined,
    ...more,
  });

  it('pages through what the caller may see, filtered and in order', async () => {
    const owner = service.client(heidrun.LedgerServiceService, { subject: 'owner-of-p-1', roles: ['provider'] });
    const seen = await owner.listTransfers(list({}));
    expect(seen.transfers).toMatchObject([
      { kind: heidrun.TransferKind.EARNINGS, amountCents: 316n, providerId: 'p-1', debitAccount: 'wallet' },
    ]);
    const ids: string[] = [];
    let pageToken = '';
    do {
      const page = await service.ledger.listTransfers(list({ pageSize: 1, pageToken, orderBy: 'posted_at asc' }));
      ids.push(...page.transfers.map(({ id }) => id));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(ids.map((id) => id.split(':').at(0))).toEqual(['topup', 'capture', 'capture']);
    const fees = await service.ledger.listTransfers(
      list({ accountId: 'revenue:company', kind: heidrun.TransferKind.FEE }),
    );
    expect(fees.transfers.map(({ amountCents }) => amountCents)).toEqual([55n]);
    const { nextPageToken } = await service.ledger.listTransfers(list({ pageSize: 1 }));
    const [scope] = JSON.parse(Buffer.from(nextPageToken, 'base64url').toString()) as string[];
    const forged = Buffer.from(JSON.stringify([scope, 'yesterday', '1'])).toString('base64url');
    for (const bad of ['nonsense!', forged]) {
      await expect(service.ledger.listTransfers(list({ pageToken: bad }))).rejects.toMatchObject({
        reason: 'INVALID_INPUT',
        violations: [{ field: 'page_token' }],
      });
    }
  });
});
