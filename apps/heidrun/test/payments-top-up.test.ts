import { randomUUID } from 'node:crypto';
import { heidrun } from '@edda/contracts';
import { waitFor } from '@edda/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { availableCents, balanceOf } from '../src/ledger/account-balance.ts';
import { clearingOf, walletOf } from '../src/ledger/account-names.ts';
import { createTopUps } from '../src/payments/top-ups.ts';
import { startPeriodic } from '../src/periodic.ts';
import { cardRequest, type Fixture, settings, startPayments, topUpRequest } from './payments-fixture.ts';

const { PaymentMethodKind: Kind, TopUpStatus: Status } = heidrun;
let f: Fixture;

beforeAll(async () => {
  f = await startPayments();
});
afterEach(() => {
  f.current.provider = f.sandbox;
});
afterAll(() => f.close());

/** A user with a card and a client of its own. */
async function userWith(subject: string, overrides: Partial<heidrun.AddPaymentMethodRequest> = {}) {
  const client = f.payments(subject);
  const { paymentMethod } = await client.addPaymentMethod(cardRequest(overrides));
  return { client, methodId: paymentMethod?.id ?? '', wallet: walletOf({ networkId: 'n', userId: subject }) };
}
const charges = async (topUpId: string) =>
  (
    await f.pool.query<{ status: string }>('SELECT status FROM sandbox_charges WHERE idempotency_key = $1', [
      `topup:${topUpId}`,
    ])
  ).rows;
const transfers = async (topUpId: string) =>
  (
    await f.pool.query<{ kind: string; amount_cents: bigint }>(
      'SELECT kind, amount_cents FROM transfers WHERE id = $1',
      [`topup:${topUpId}`],
    )
  ).rows;
const openTopUps = async (subject: string) =>
  (
    await f.pool.query<{ id: string }>(`SELECT id FROM top_ups WHERE user_id = $1 AND status = 'PENDING'`, [subject])
  ).rows.map(({ id }) => id);

describe('TopUp', () => {
  it('charges the default method, credits the wallet from clearing and announces it', async () => {
    const { client, methodId } = await userWith('anna');
    const before = (await balanceOf(f.pool, clearingOf('sandbox')))?.postedCents ?? 0n;
    const { topUp, balance, replayed } = await client.topUp(topUpRequest({ amountCents: 2_500n }));
    expect(topUp).toMatchObject({ status: Status.SUCCEEDED, amountCents: 2_500n, paymentMethodId: methodId });
    expect(replayed).toBe(false);
    expect(balance).toMatchObject({ postedCents: 2_500n, reservedCents: 0n, availableCents: 2_500n, currency: 'EUR' });
    expect((await balanceOf(f.pool, clearingOf('sandbox')))?.postedCents).toBe(before - 2_500n);
    const { rows } = await f.pool.query(`SELECT payload FROM outbox_events WHERE type = 'heidrun.topup.posted'`);
    expect(rows).toMatchObject([{ payload: { top_up_id: topUp?.id, amount_cents: 2_500, user_id: 'anna' } }]);
    expect((await client.getBalance({ userId: '' })).balance).toEqual(balance);
  });

  it('is one charge and one transfer for 100 identical calls at once', async () => {
    const { client, wallet } = await userWith('ben');
    let asked = 0;
    f.current.provider = {
      ...f.sandbox,
      charge: (request) => {
        asked += 1;
        return f.sandbox.charge(request);
      },
    };
    const request = topUpRequest();
    const answers = await Promise.all(Array.from({ length: 100 }, () => client.topUp(request)));
    const ids = new Set(answers.map(({ topUp }) => topUp?.id));
    expect(ids.size).toBe(1);
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(new Set(answers.map(({ topUp }) => topUp?.status))).toEqual(new Set([Status.SUCCEEDED]));
    const [id = ''] = ids;
    expect([await charges(id), await transfers(id)]).toEqual([
      [{ status: 'succeeded' }],
      [{ kind: 'TOP_UP', amount_cents: 1_000n }],
    ]);
    expect(await availableCents(f.pool, wallet)).toBe(1_000n);
    expect(asked).toBe(1);
  });

  it('refuses the key of another content, and credits nothing', async () => {
    const { client, wallet } = await userWith('cora');
    const request = topUpRequest();
    await client.topUp(request);
    await expect(client.topUp({ ...request, amountCents: 1_001n })).rejects.toMatchObject({
      reason: 'IDEMPOTENCY_CONFLICT',
    });
    expect(await availableCents(f.pool, wallet)).toBe(1_000n);
  });

  it.each([-1n, 0n, 99n, 1_000_001n, 10n ** 12n, 2n ** 63n - 1n, -(2n ** 63n)])(
    'refuses %s cents',
    async (amountCents) => {
      const { client, wallet } = await userWith('dora');
      await expect(client.topUp(topUpRequest({ amountCents }))).rejects.toMatchObject({
        reason: 'TOP_UP_OUT_OF_RANGE',
        metadata: { min_cents: '100', max_cents: '1000000' },
        violations: [{ field: 'amount_cents' }],
      });
      expect(await availableCents(f.pool, wallet)).toBe(0n);
    },
  );

  it('refuses without, or with an unverified, a payout-only, an expired or somebody else’s method', async () => {
    const nobody = f.payments('emil');
    await expect(nobody.topUp(topUpRequest())).rejects.toMatchObject({ reason: 'PAYMENT_METHOD_REQUIRED' });
    const sepa = await userWith('fay', { kind: Kind.SEPA_DEBIT, token: 'tok_sandbox_sepa' });
    const pending = sepa.client.topUp(topUpRequest({ paymentMethodId: sepa.methodId }));
    await expect(pending).rejects.toMatchObject({ reason: 'PAYMENT_METHOD_REQUIRED' });
    const foreign = nobody.topUp(topUpRequest({ paymentMethodId: sepa.methodId }));
    await expect(foreign).rejects.toMatchObject({ reason: 'NOT_FOUND' });
    const { client, methodId } = await userWith('gus');
    await f.pool.query('UPDATE payment_methods SET expires_at = $2 WHERE id = $1', [methodId, f.clock.now()]);
    const expired = client.topUp(topUpRequest({ paymentMethodId: methodId }));
    await expect(expired).rejects.toMatchObject({ reason: 'PAYMENT_METHOD_REQUIRED' });
    expect((await f.pool.query(`SELECT FROM top_ups WHERE user_id IN ('emil', 'fay', 'gus')`)).rowCount).toBe(0);
  });

  it('refuses a frozen account and a wallet that would overflow before anything is charged', async () => {
    const frozen = await userWith('hal');
    const insert = 'INSERT INTO accounts (name, base, kind, posted_cents, frozen) VALUES ($1, $1, $2, $3, $4)';
    await f.pool.query(insert, [frozen.wallet, 'wallet', 0n, true]);
    await expect(frozen.client.topUp(topUpRequest())).rejects.toMatchObject({ reason: 'ACCOUNT_FROZEN' });
    const full = await userWith('ida');
    await f.pool.query(insert, [full.wallet, 'wallet', 2n ** 63n - 500n, false]);
    await expect(full.client.topUp(topUpRequest())).rejects.toMatchObject({ reason: 'AMOUNT_OVERFLOW' });
    expect((await f.pool.query(`SELECT FROM top_ups WHERE user_id IN ('hal', 'ida')`)).rowCount).toBe(0);
  });

  it('tells a declined charge, again for the same key, and credits nothing', async () => {
    const { client, wallet } = await userWith('jan', { token: 'tok_sandbox_charge_fails' });
    const request = topUpRequest();
    for (let i = 0; i < 2; i++) {
      await expect(client.topUp(request)).rejects.toMatchObject({ reason: 'PAYMENT_DECLINED' });
    }
    expect(await availableCents(f.pool, wallet)).toBe(0n);
    const { rows } = await f.pool.query(`SELECT status FROM top_ups WHERE user_id = 'jan'`);
    expect(rows).toEqual([{ status: 'FAILED' }]);
  });

  it('stays PENDING while the payer has to confirm, and keeps the method', async () => {
    const { client, methodId, wallet } = await userWith('kim', { token: 'tok_sandbox_action_required' });
    const code = { idempotencyKey: randomUUID(), userId: '', paymentMethodId: methodId, verificationCode: 'confirmed' };
    await client.verifyPaymentMethod(code);
    const { topUp } = await client.topUp(topUpRequest());
    expect(topUp?.status).toBe(Status.PENDING);
    expect(topUp?.confirmationUrl).toMatch(/^https:/);
    expect(await availableCents(f.pool, wallet)).toBe(0n);
    const remove = { idempotencyKey: randomUUID(), userId: '', paymentMethodId: methodId };
    await expect(client.removePaymentMethod(remove)).rejects.toMatchObject({ reason: 'PAYMENT_METHOD_IN_USE' });
  });
});

describe('a top-up cut off between its phases (domain rules, Recovery)', () => {
  const later = () => f.clock.advance(settings.retryAfterSeconds * 1_000 + 1);

  it.each([
    ['before the charge', 'leo', () => Promise.reject(new Error('cut off'))],
    [
      'after the charge',
      'mia',
      (charge: () => Promise<unknown>) => charge().then(() => Promise.reject(new Error('x'))),
    ],
  ] as const)('%s is finished by the sweep, charged and credited once', async (_, subject, cut) => {
    const { client, wallet } = await userWith(subject);
    f.current.provider = {
      ...f.sandbox,
      charge: async (request) => {
        await cut(() => f.sandbox.charge(request));
        throw new Error('not reached');
      },
    };
    const request = topUpRequest();
    const { topUp } = await client.topUp(request);
    expect(topUp?.status).toBe(Status.PENDING);
    expect(await availableCents(f.pool, wallet)).toBe(0n);
    f.current.provider = f.sandbox;
    expect(await f.topUps.sweep()).toBe(0);
    later();
    // Two replicas sweep at the same time, neither with any memory of the first attempt.
    const replicas = [createTopUps(f.deps), createTopUps(f.deps)];
    await Promise.all(replicas.map((replica) => replica.sweep()));
    const id = topUp?.id ?? '';
    expect([await charges(id), await transfers(id)]).toEqual([
      [{ status: 'succeeded' }],
      [{ kind: 'TOP_UP', amount_cents: 1_000n }],
    ]);
    expect(await availableCents(f.pool, wallet)).toBe(1_000n);
    const again = await client.topUp(request);
    expect(again).toMatchObject({ replayed: true, topUp: { id, status: Status.SUCCEEDED } });
  });

  it('after the charge, its ledger transaction failing, is neither lost nor half booked', async () => {
    const { client, wallet } = await userWith('nia');
    await f.pool.query(
      `ALTER TABLE outbox_events ADD CONSTRAINT broken CHECK (type <> 'heidrun.topup.posted') NOT VALID`,
    );
    await expect(client.topUp(topUpRequest())).rejects.toMatchObject({ reason: 'INTERNAL' });
    const [id = ''] = await openTopUps('nia');
    expect([await charges(id), await transfers(id)]).toEqual([[{ status: 'succeeded' }], []]);
    expect(await availableCents(f.pool, wallet)).toBe(0n);
    await f.pool.query('ALTER TABLE outbox_events DROP CONSTRAINT broken');
    later();
    await f.topUps.sweep();
    expect([await openTopUps('nia'), await availableCents(f.pool, wallet)]).toEqual([[], 1_000n]);
  });

  it('is finished once by several who try at the same time', async () => {
    const { wallet, methodId } = await userWith('ole');
    const user = { networkId: 'n', userId: 'ole' };
    const scope = { tenant: 'n', caller: 'ole', method: 'm', key: 'k', requestHash: 'h', now: f.clock.now() };
    const id = await f.topUps.begin(user, { amountCents: 700n, paymentMethodId: methodId }, scope);
    const rows = await Promise.all(Array.from({ length: 8 }, () => createTopUps(f.deps).finish(id)));
    expect(new Set(rows.map(({ status }) => status))).toEqual(new Set(['SUCCEEDED']));
    expect(await availableCents(f.pool, wallet)).toBe(700n);
    expect(await transfers(id)).toHaveLength(1);
  });

  it('waits longer after every vain attempt', async () => {
    const { client } = await userWith('pia');
    f.current.provider = { ...f.sandbox, charge: () => Promise.reject(new Error('down')) };
    await client.topUp(topUpRequest());
    const waits: number[] = [];
    for (let i = 0; i < 9; i++) {
      const { rows } = await f.pool.query<{ at: Date }>(
        `SELECT next_attempt_at AS at FROM top_ups WHERE user_id = 'pia'`,
      );
      const at = rows[0]?.at ?? new Date(0);
      waits.push((at.getTime() - f.clock.now().getTime()) / 1_000);
      f.clock.set(at);
      await f.topUps.sweep();
    }
    expect(waits).toEqual([30, 30, 60, 120, 240, 480, 960, 1_920, 3_600]);
  });

  it('is taken up by the periodic sweep on its own', async () => {
    const { client, wallet } = await userWith('quin');
    f.current.provider = { ...f.sandbox, charge: () => Promise.reject(new Error('down')) };
    await client.topUp(topUpRequest());
    f.current.provider = f.sandbox;
    later();
    const sweep = { name: 'open top-ups', intervalMs: () => 50, run: () => f.topUps.sweep(), logger: f.deps.logger };
    const sweeper = startPeriodic(sweep);
    onTestFinished(() => sweeper.stop());
    await waitFor(async () => (await availableCents(f.pool, wallet)) === 1_000n);
  });
});

describe('GetBalance', () => {
  it('is all zeros for who never had anything, and somebody else’s does not exist', async () => {
    const { balance } = await f.payments('zoe').getBalance({ userId: '' });
    expect(balance).toMatchObject({ userId: 'zoe', availableCents: 0n, earningsPayableCents: 0n, frozen: false });
    await expect(f.payments('zoe').getBalance({ userId: 'anna' })).rejects.toMatchObject({ reason: 'NOT_FOUND' });
  });
});

describe('payment tokens', () => {
  it('are in no log line and nowhere readable in the database', async () => {
    const { client } = await userWith('rita');
    await client.topUp(topUpRequest());
    const rejected = client.addPaymentMethod(cardRequest({ token: 'tok_of_nobody' }));
    await expect(rejected).rejects.not.toThrow('tok_of_nobody');
    expect(f.log.text()).toContain('payment method added');
    expect(f.log.text()).not.toMatch(/tok_(sandbox|of)/);
    const { rows } = await f.pool.query<{ name: string }>(
      `SELECT format('%I', table_name) AS name FROM information_schema.tables WHERE table_schema = 'public'`,
    );
    for (const { name } of rows) {
      // Bytes as text would hide a plain token behind \\x…; escape shows them.
      const text = await f.pool.query<{ all: string | null }>(
        name === 'payment_methods'
          ? `SELECT string_agg(m::text || encode(m.token_sealed, 'escape'), ' ') AS all FROM payment_methods m`
          : `SELECT string_agg(t::text, ' ') AS all FROM ${name} t`,
      );
      expect(text.rows[0]?.all ?? '').not.toContain('tok_');
    }
  });
});
