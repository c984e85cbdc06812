import { randomUUID } from 'node:crypto';
import { heidrun } from '@edda/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Caller,
  captureRequest,
  counted,
  holdRequest,
  njordr,
  setPrice,
  startHeidrun,
  type TestHeidrun,
} from './support/start-heidrun.ts';

let h: TestHeidrun;

beforeAll(async () => {
  h = await startHeidrun();
  // 1 ct per token: what a test captures is what it counts.
  for (const provider of ['p-1', 'p-2']) await setPrice(h, provider, { priceCents: 1_000n });
});
afterAll(() => h.close());

const settlement = (caller: Caller = njordr) => h.client(heidrun.SettlementServiceService, caller);
const owner = (provider: string): Caller => ({ subject: `owner-of-${provider}`, roles: ['provider'] });
const request = (transactionId: string, amountCents = 0n, more: Partial<heidrun.RefundRequest> = {}) => ({
  idempotencyKey: randomUUID(),
  requestId: 'request',
  transactionId,
  amountCents,
  reason: 'not as promised',
  disputeId: '',
  ...more,
});

/** A captured transaction of this many cents, shared by p-1 and p-2. */
async function captured(first: bigint, second = 0n) {
  const requester = await h.requester(10_000n);
  const hold = holdRequest(requester, ['p-1', 'p-2']);
  const { preauthId } = await h.preAuth.preAuthorize(hold);
  const legs = [
    { providerId: 'p-1', ...counted(first, 0n) },
    ...(second === 0n ? [] : [{ providerId: 'p-2', ...counted(0n, second) }]),
  ];
  const capture = await h.preAuth.capturePreAuth(captureRequest(preauthId, legs));
  return { requester, transactionId: hold.transactionId, preauthId, capture };
}
const balance = async (accountId: string) =>
  (await h.ledger.getAccount({ accountId }).catch(() => undefined))?.account?.postedCents ?? 0n;
const intact = async () => (await h.ledger.verifyLedger({ maxViolations: 0 })).violations;
const history = (caller: Caller, more: Partial<heidrun.GetSettlementHistoryRequest> = {}) =>
  settlement(caller).getSettlementHistory(heidrun.GetSettlementHistoryRequest.fromPartial(more));

describe('Refund (domain rules, Transaction)', () => {
  it('gives all of a capture back, fee and earnings, and says so in ledger and outbox', async () => {
    const before = [await balance('earnings:net/owner-of-p-1'), await balance('revenue:company')];
    const { requester, transactionId, preauthId, capture } = await captured(1_000n);
    const refund = await settlement().refund(request(transactionId));
    expect(refund).toMatchObject({
      refundedCents: capture.capturedCents,
      feeReturnedCents: capture.companyFeeCents,
      earningsReturned: [{ providerId: 'p-1', amountCents: capture.providerEarningsCents }],
      totalRefundedCents: capture.capturedCents,
      fullyRefunded: true,
      replayed: false,
    });
    expect(await balance(`wallet:net/${requester}`)).toBe(10_000n);
    expect([await balance('earnings:net/owner-of-p-1'), await balance('revenue:company')]).toEqual(before);
    const { rows } = await h.database.pool.query(
      `SELECT type FROM outbox_events WHERE subject = $1 ORDER BY sequence`,
      [`preauth:${preauthId}`],
    );
    expect(rows.at(-1)).toEqual({ type: 'heidrun.refund.posted' });
    expect(await intact()).toEqual([]);
  });

  it('is cumulative: whatever the pieces, together they give back exactly fee and earnings of every leg', async () => {
    const { transactionId, capture } = await captured(700n, 301n);
    const parts: heidrun.RefundResponse[] = [];
    for (const cents of [1n, 333n, 500n, 0n]) parts.push(await settlement().refund(request(transactionId, cents)));
    const sum = (of: (part: heidrun.RefundResponse) => bigint) => parts.reduce((total, part) => total + of(part), 0n);
    expect(parts.map(({ fullyRefunded }) => fullyRefunded)).toEqual([false, false, false, true]);
    expect(sum((part) => part.refundedCents)).toBe(1_001n);
    expect(sum((part) => part.feeReturnedCents)).toBe(capture.companyFeeCents);
    for (const leg of capture.legs) {
      const returned = sum(
        (part) => part.earningsReturned.find(({ providerId }) => providerId === leg.providerId)?.amountCents ?? 0n,
      );
      expect(returned).toBe(leg.providerEarningsCents);
    }
    expect(await intact()).toEqual([]);
  });

  it('is one refund for 50 identical calls at once, and the same one when repeated', async () => {
    const { requester, transactionId } = await captured(100n);
    const same = request(transactionId, 40n);
    const answers = await Promise.all(Array.from({ length: 50 }, () => settlement().refund(same)));
    expect(new Set(answers.map(({ refundId }) => refundId)).size).toBe(1);
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(await balance(`wallet:net/${requester}`)).toBe(9_940n);
    await expect(settlement().refund({ ...same, amountCents: 41n })).rejects.toMatchObject({
      reason: 'IDEMPOTENCY_CONFLICT',
    });
  });

  it('never gives back more than was captured, whatever arrives in parallel', async () => {
    const { requester, transactionId } = await captured(100n);
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, () => settlement().refund(request(transactionId, 30n))),
    );
    const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as object] : []));
    expect(refused).toHaveLength(17);
    for (const error of refused) {
      expect(error).toMatchObject({ reason: 'REFUND_EXCEEDS_CAPTURED', metadata: { refundable_cents: '10' } });
    }
    expect(await balance(`wallet:net/${requester}`)).toBe(9_990n);
    expect(await intact()).toEqual([]);
  });

  it('refuses what is already given back, was never captured, or has no sensible amount or reason', async () => {
    const { transactionId } = await captured(100n);
    await settlement().refund(request(transactionId));
    const again = settlement().refund(request(transactionId));
    await expect(again).rejects.toMatchObject({
      reason: 'ALREADY_REFUNDED',
      violations: [{ field: 'transaction_id' }],
    });
    const unknown = settlement().refund(request('nobody'));
    await expect(unknown).rejects.toMatchObject({ reason: 'NOT_FOUND', violations: [{ field: 'transaction_id' }] });
    const held = holdRequest(await h.requester(10_000n), ['p-1']);
    await h.preAuth.preAuthorize(held);
    await expect(settlement().refund(request(held.transactionId))).rejects.toMatchObject({ reason: 'NOT_FOUND' });
    const negative = settlement().refund(request(transactionId, -1n));
    await expect(negative).rejects.toMatchObject({
      reason: 'AMOUNT_OUT_OF_RANGE',
      violations: [{ field: 'amount_cents' }],
    });
    const silent = settlement().refund(request(transactionId, 1n, { reason: '' }));
    await expect(silent).rejects.toMatchObject({ reason: 'INVALID_INPUT', violations: [{ field: 'reason' }] });
  });

  it.each<Caller>([
    { subject: 'u', roles: ['user'] },
    { subject: 'root', roles: ['admin'] },
    { subject: 'nornen', roles: ['service'] },
  ])('is Njörðr’s alone: $subject is refused', async (caller) => {
    await expect(settlement(caller).refund(request('t'))).rejects.toMatchObject({ reason: 'ROLE_FORBIDDEN' });
  });

  it('may turn earnings negative; later earnings make up for it', async () => {
    await setPrice(h, 'p-3', { priceCents: 1_000n });
    const pay = async () => {
      const hold = holdRequest(await h.requester(10_000n), ['p-3']);
      const { preauthId } = await h.preAuth.preAuthorize(hold);
      await h.preAuth.capturePreAuth(captureRequest(preauthId, [{ providerId: 'p-3', ...counted(100n, 0n) }]));
      return hold.transactionId;
    };
    const transactionId = await pay();
    // The earnings are gone by then: an operator took them, as a payout would have.
    await h.database.pool.query(
      `SELECT post_transfers('[{"name":"earnings:net/owner-of-p-3","base":"earnings:net/owner-of-p-3","kind":"earnings"},
         {"name":"payout:x","base":"payout:x","kind":"payout"}]', '[{"id":"x","debit":"earnings:net/owner-of-p-3",
         "credit":"payout:x","amount_cents":"85","kind":"ADJUSTMENT","transaction_id":"","request_id":"",
         "provider_id":"","reverses_id":"","memo":""}]', '[]', now())`,
    );
    await settlement().refund(request(transactionId));
    expect(await balance('earnings:net/owner-of-p-3')).toBe(-85n);
    await pay();
    expect(await balance('earnings:net/owner-of-p-3')).toBe(0n);
  });
});

describe('GetSettlementHistory', () => {
  it('shows payer and earner their own side, operators both, and nobody else anything', async () => {
    const { requester, transactionId } = await captured(200n, 100n);
    h.clock.advance(1);
    await settlement().refund(request(transactionId, 30n));
    const payer: Caller = { subject: requester, roles: ['user'] };
    const { records } = await history(payer, { transactionId });
    expect(records.map(({ kind, providerId, totalCents }) => [kind, providerId, totalCents])).toEqual([
      [2, 'p-2', 10n],
      [2, 'p-1', 20n],
      [1, 'p-2', 100n],
      [1, 'p-1', 200n],
    ]);
    for (const record of records) {
      expect(record).toMatchObject({ requesterId: requester, ownerId: '', commissionRateBps: 1_500 });
      expect(record.totalCents).toBe(record.providerEarningsCents + record.companyFeeCents);
    }
    const earned = await history(owner('p-1'), { transactionId });
    expect(earned.records.map(({ providerId, requesterId, ownerId }) => [providerId, requesterId, ownerId])).toEqual(
      Array(2).fill(['p-1', '', 'owner-of-p-1']),
    );
    const all = await history({ subject: 'root', roles: ['admin'] }, { transactionId });
    expect(all.records).toHaveLength(4);
    expect(all.records[0]).toMatchObject({ requesterId: requester, ownerId: 'owner-of-p-2' });
    for (const stranger of [
      { subject: 'eve', roles: ['user'] },
      { ...payer, networkId: 'other' },
    ] as Caller[]) {
      expect((await history(stranger, { transactionId })).records).toEqual([]);
    }
    // An earner cannot find out who paid by asking for a name.
    expect((await history(owner('p-1'), { transactionId, requesterId: requester })).records).toEqual([]);
  });

  it('filters by kind, provider and time, and pages without gaps in both directions', async () => {
    const { requester, transactionId } = await captured(10n, 10n);
    for (const cents of [1n, 2n, 3n]) await settlement().refund(request(transactionId, cents));
    const payer: Caller = { subject: requester, roles: ['user'] };
    for (const orderBy of ['occurred_at asc', 'occurred_at desc']) {
      const all = (await history(payer, { orderBy })).records.map(({ id }) => id);
      expect(all).toHaveLength(8);
      const paged: string[] = [];
      let pageToken = '';
      do {
        const page = await history(payer, { orderBy, pageSize: 3, pageToken });
        paged.push(...page.records.map(({ id }) => id));
        pageToken = page.nextPageToken;
      } while (pageToken !== '');
      expect(paged).toEqual(all);
    }
    expect((await history(payer, { kind: heidrun.SettlementKind.CAPTURE })).records).toHaveLength(2);
    expect((await history(payer, { providerId: 'p-2' })).records).toHaveLength(4);
    const later = new Date(h.clock.now().getTime() + 1);
    expect((await history(payer, { from: later })).records).toEqual([]);
    expect((await history(payer, { to: later })).records).toHaveLength(8);
    await expect(history(payer, { from: later, to: later })).rejects.toMatchObject({
      reason: 'INVALID_INPUT',
      violations: [{ field: 'to' }],
    });
    await expect(history(payer, { pageToken: 'x' })).rejects.toMatchObject({ reason: 'INVALID_INPUT' });
  });
});

describe('who sees what', () => {
  it('hides the other side’s account from payer and earner, in transfers and in the hold', async () => {
    const { requester, transactionId, preauthId } = await captured(50n);
    const listed = async (caller: Caller) =>
      (
        await h
          .client(heidrun.LedgerServiceService, caller)
          .listTransfers(heidrun.ListTransfersRequest.fromPartial({ transactionId, orderBy: 'posted_at asc' }))
      ).transfers
        .map(({ debitAccount, creditAccount }) => [debitAccount, creditAccount])
        .sort();
    const payer: Caller = { subject: requester, roles: ['user'] };
    const paid = [
      [`wallet:net/${requester}`, 'earnings'],
      [`wallet:net/${requester}`, 'revenue:company'],
    ];
    expect(await listed(payer)).toEqual(paid);
    expect(await listed(owner('p-1'))).toEqual([['wallet', 'earnings:net/owner-of-p-1']]);
    expect(await listed(njordr)).toEqual([[`wallet:net/${requester}`, 'earnings:net/owner-of-p-1'], paid[1]]);
    const key = { $case: 'preauthId' as const, value: preauthId };
    const { capture } = await h.client(heidrun.PreAuthServiceService, payer).getPreAuth({ key });
    const shown = capture?.transfers.map(({ debitAccount, creditAccount }) => [debitAccount, creditAccount]);
    expect(shown?.sort()).toEqual(paid);
  });
});
