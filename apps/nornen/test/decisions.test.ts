import { nornen } from '@edda/contracts';
import { afterAll, describe, expect, it } from 'vitest';
import { allDecisions, allEvents, computeRequest, registration } from './support/messages.ts';
import { databases, startNornen } from './support/start-nornen.ts';

const { DecisionOutcome, PolicyKind } = nornen;
afterAll(() => databases.dropAll());

describe('DecideProviderRegistration', () => {
  it('approves by default and stores decision, facts and event together', async () => {
    const { decisions, history, db } = await startNornen();
    const { decision } = await decisions().decideProviderRegistration(registration());
    expect(decision).toMatchObject({
      kind: PolicyKind.PROVIDER_REGISTRATION,
      outcome: DecisionOutcome.APPROVED,
      policyId: '',
      policyVersion: 1n,
      reason: '',
      reasonCode: 'DEFAULT',
      subjectId: 'provider-1',
      userId: 'owner-1',
      networkId: 'net-1',
    });
    const { rows } = await db.pool.query<{ decision_id: string; facts: object; facts_hash: string }>(
      'SELECT * FROM decisions',
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      decision_id: decision?.decisionId,
      facts: { models: ['llama'], price_cents: '3', latency_ms: '40', connection_passed: true },
    });
    const { events } = await history().queryHistory(allEvents);
    expect(events).toMatchObject([
      {
        subject: `decision:${decision?.decisionId}`,
        sequence: 1n,
        type: 'nornen.decision.made',
        service: 'nornen',
        userId: 'owner-1',
        providerId: 'provider-1',
      },
    ]);
    expect(JSON.parse(events[0]?.payloadJson ?? '')).toMatchObject({
      outcome: 'approve',
      facts_hash: rows[0]?.facts_hash,
    });
  });

  it.each([
    [
      'an unverified payout method',
      { payoutVerified: false },
      DecisionOutcome.DENIED,
      'provider.payout-unverified',
      'POLICY',
    ],
    ['a slow connection', { latencyMs: 2_001 }, DecisionOutcome.REVIEW, 'provider.latency-high', 'POLICY'],
    ['a failed connection test', { connectionPassed: false }, DecisionOutcome.DENIED, '', 'DEFAULT'],
  ])('%s is an answer, not an error', async (_, change, outcome, policyId, reasonCode) => {
    const { decisions } = await startNornen();
    const { decision } = await decisions().decideProviderRegistration(registration(change));
    expect(decision).toMatchObject({ outcome, policyId, reasonCode });
    expect(decision?.reason).not.toBe('');
  });

  it('judges the dearest price of all models, output included', async () => {
    const { decisions } = await startNornen();
    const base = registration().models[0]!;
    const models = [base, { ...base, model: 'other', outputPriceCents: 1_001n }];
    const { decision } = await decisions().decideProviderRegistration(registration({ models }));
    expect(decision).toMatchObject({ outcome: DecisionOutcome.DENIED, policyId: 'provider.price-too-high' });
  });

  it('Privacy: the stored facts name no person', async () => {
    const { decisions, db } = await startNornen();
    await decisions().decideProviderRegistration(registration({ ownerId: 'jane-doe', deviceId: 'janes-laptop' }));
    await decisions().decideRequest(computeRequest({ requesterId: 'jane-doe' }));
    const { rows } = await db.pool.query<{ facts: string }>('SELECT facts::text FROM decisions');
    expect(rows).toHaveLength(2);
    for (const { facts } of rows) expect(facts).not.toMatch(/jane|net-1/);
  });
});

describe('DecideRequest', () => {
  it.each([
    [
      'nothing said: the caller vouches for both',
      {},
      DecisionOutcome.APPROVED,
      '',
      { payment_verified: true, blocked: false, vouched_for_by_caller: ['payment_verified', 'blocked'] },
    ],
    [
      'no verified payment method',
      { paymentVerified: false },
      DecisionOutcome.DENIED,
      'request.payment-unverified',
      { payment_verified: false, blocked: false, vouched_for_by_caller: ['blocked'] },
    ],
    [
      'blocked',
      { paymentVerified: true, blocked: true },
      DecisionOutcome.DENIED,
      'request.requester-blocked',
      { payment_verified: true, blocked: true, vouched_for_by_caller: [] },
    ],
    [
      'both stated, nothing against it',
      { paymentVerified: true, blocked: false },
      DecisionOutcome.APPROVED,
      '',
      { payment_verified: true, blocked: false, vouched_for_by_caller: [] },
    ],
  ])('decides by what is said of the requester: %s', async (_, change, outcome, policyId, facts) => {
    const { decisions, db } = await startNornen();
    const { decision } = await decisions().decideRequest(computeRequest(change));
    expect(decision).toMatchObject({ outcome, policyId });
    const { rows } = await db.pool.query<{ facts: object }>('SELECT facts FROM decisions');
    expect(rows).toMatchObject([{ facts }]);
  });
});

describe('Idempotency', () => {
  it('100 parallel identical calls make one decision', async () => {
    const { decisions, db, metrics } = await startNornen();
    const client = decisions();
    const request = computeRequest();
    const answers = await Promise.all(Array.from({ length: 100 }, () => client.decideRequest(request)));
    expect(new Set(answers.map(({ decision }) => decision?.decisionId)).size).toBe(1);
    const count =
      'SELECT (SELECT count(*) FROM decisions) AS decisions, (SELECT count(*) FROM history_events) AS events';
    expect((await db.pool.query(count)).rows).toEqual([{ decisions: 1n, events: 1n }]);
    expect(await metrics()).toMatch(/edda_nornen_decisions_total\{[^}]*outcome="approve"[^}]*\} 1\n/);
  });

  it('a repeated call answers the same after the policies changed', async () => {
    const { decisions, db } = await startNornen();
    const request = computeRequest();
    const first = await decisions().decideRequest(request);
    await db.pool.query(
      `INSERT INTO policy_snapshots SELECT 2, now(), 'settings', sha256,
         '[{"id":"all","kind":"request","rule":"true","effect":"deny","priority":0,"reason":"closed"}]' FROM policy_snapshots`,
    );
    await expect.poll(async () => (await decisions().decideRequest(computeRequest())).decision?.policyId).toBe('all');
    expect(await decisions().decideRequest(request)).toEqual(first);
  });

  it('the same key with other content is a conflict', async () => {
    const { decisions } = await startNornen();
    const request = computeRequest();
    await decisions().decideRequest(request);
    const other = decisions().decideRequest({ ...request, estimatedInputTokens: 101n });
    await expect(other).rejects.toMatchObject({ kind: 'already-exists', reason: 'IDEMPOTENCY_CONFLICT' });
  });
});

describe('Bad input', () => {
  it.each([
    ['no key', { idempotencyKey: '' }, 'idempotency_key'],
    ['negative tokens', { estimatedInputTokens: -1n }, 'estimated_input_tokens'],
    ['too many tokens', { outputBudgetTokens: 10n ** 12n + 1n }, 'output_budget_tokens'],
    ['a huge cost', { maxCostCents: 2n ** 62n }, 'max_cost_cents'],
    ['no requester', { requesterId: '' }, 'requester_id'],
    ['NUL in a name', { model: 'a\0b' }, 'model'],
  ])('DecideRequest names the field: %s', async (_, change, field) => {
    const { decisions, db } = await startNornen();
    const refused = decisions().decideRequest(computeRequest(change));
    await expect(refused).rejects.toMatchObject({ reason: 'INVALID_INPUT', violations: [{ field }] });
    expect((await db.pool.query('SELECT FROM decisions')).rowCount).toBe(0);
  });

  it('DecideProviderRegistration names every field', async () => {
    const { decisions } = await startNornen();
    const base = registration().models[0]!;
    const bad = registration({ models: [{ ...base, priceUnitTokens: 0n, priceCents: -1n }], latencyMs: -5 });
    const refused = decisions().decideProviderRegistration(bad);
    await expect(refused).rejects.toMatchObject({
      violations: [{ field: 'models.0.price_cents' }, { field: 'models.0.price_unit_tokens' }, { field: 'latency_ms' }],
    });
    await expect(decisions().decideProviderRegistration(registration({ models: [] }))).rejects.toMatchObject({
      violations: [{ field: 'models' }],
    });
  });

  it('only services decide', async () => {
    const { decisions } = await startNornen();
    const user = decisions({ roles: ['user', 'provider', 'admin'] });
    await expect(user.decideRequest(computeRequest())).rejects.toMatchObject({ reason: 'ROLE_FORBIDDEN' });
  });

  it('what later versions bring answers UNIMPLEMENTED', async () => {
    const { decisions, client } = await startNornen();
    const admin = { roles: ['admin' as const] };
    const override = { idempotencyKey: 'k', decisionId: 'd', outcome: DecisionOutcome.APPROVED, reason: 'r' };
    await expect(decisions(admin).overrideDecision(override)).rejects.toMatchObject({ reason: 'UNIMPLEMENTED' });
    const dashboard = client(nornen.AdminServiceService, admin).getDashboard({});
    await expect(dashboard).rejects.toMatchObject({ reason: 'UNIMPLEMENTED' });
  });
});

describe('ListDecisions', () => {
  const of = (n: number, networkId = 'net-1', requesterId = 'user-1') =>
    computeRequest({ requestId: `request-${n}`, networkId, requesterId });

  it('pages newest first, and oldest first when asked, without loss or repetition', async () => {
    const { decisions } = await startNornen();
    const client = decisions();
    await Promise.all(Array.from({ length: 7 }, (_, n) => client.decideRequest(of(n))));
    const admin = decisions({ roles: ['admin'] });
    const read = async (orderBy: string) => {
      const found: nornen.Decision[] = [];
      let pageToken = '';
      do {
        const page = await admin.listDecisions({ ...allDecisions, pageSize: 3, pageToken, orderBy });
        expect(page.decisions.length).toBeLessThanOrEqual(3);
        found.push(...page.decisions);
        pageToken = page.nextPageToken;
      } while (pageToken !== '');
      return found.map(({ subjectId }) => subjectId);
    };
    const newest = await read('');
    expect(newest.toSorted()).toEqual(Array.from({ length: 7 }, (_, n) => `request-${n}`));
    expect(await read('decided_at asc')).toEqual(newest.toReversed());
  });

  it('shows users their own only, whatever they ask for; a service as the user it acts for', async () => {
    const { decisions } = await startNornen();
    const client = decisions();
    await client.decideRequest(of(1));
    await client.decideRequest(of(2, 'net-2'));
    await client.decideRequest(of(3, 'net-1', 'user-2'));
    const user = decisions({ roles: ['user'] });
    const subjects = async (list: Promise<nornen.ListDecisionsResponse>) =>
      (await list).decisions.map(({ subjectId }) => subjectId);
    expect(await subjects(user.listDecisions(allDecisions))).toEqual(['request-1']);
    expect(await subjects(user.listDecisions({ ...allDecisions, userId: 'user-2' }))).toEqual([]);
    const actAs = { subject: 'user-2', networkId: 'net-1' };
    expect(await subjects(client.listDecisions(allDecisions, { actAs }))).toEqual(['request-3']);
    expect(await subjects(client.listDecisions(allDecisions))).toEqual([]);
    expect(await subjects(decisions({ roles: ['admin'] }).listDecisions(allDecisions))).toHaveLength(3);
  });

  it('filters by kind, outcome, subject and time', async () => {
    const { decisions } = await startNornen();
    await decisions().decideRequest(of(1));
    await decisions().decideProviderRegistration(registration({ payoutVerified: false }));
    const admin = decisions({ roles: ['admin'] });
    const count = async (filter: Partial<nornen.ListDecisionsRequest>) =>
      (await admin.listDecisions({ ...allDecisions, ...filter })).decisions.length;
    expect(await count({ kind: PolicyKind.REQUEST })).toBe(1);
    expect(await count({ kind: PolicyKind.PROVIDER_REGISTRATION, outcomes: [DecisionOutcome.APPROVED] })).toBe(0);
    expect(await count({ outcomes: [DecisionOutcome.DENIED, DecisionOutcome.APPROVED] })).toBe(2);
    expect(await count({ subjectId: 'provider-1' })).toBe(1);
    expect(await count({ decided: { from: new Date(Date.now() + 60_000), to: undefined } })).toBe(0);
  });

  it.each([
    [{ orderBy: 'reason asc' }, 'order_by'],
    [{ pageSize: 1_001 }, 'page_size'],
    [{ pageToken: 'garbage!' }, 'page_token'],
    [{ decided: { from: new Date(2), to: new Date(1) } }, 'decided'],
  ])('refuses %j', async (change, field) => {
    const { decisions } = await startNornen();
    const refused = decisions({ roles: ['admin'] }).listDecisions({ ...allDecisions, ...change });
    await expect(refused).rejects.toMatchObject({ violations: [{ field }] });
  });

  it('refuses a page token of another listing', async () => {
    const { decisions } = await startNornen();
    const client = decisions();
    await client.decideRequest(of(1));
    await client.decideRequest(of(2));
    const admin = decisions({ roles: ['admin'] });
    const { nextPageToken: pageToken } = await admin.listDecisions({ ...allDecisions, pageSize: 1 });
    expect(pageToken).not.toBe('');
    const other = admin.listDecisions({ ...allDecisions, pageToken, kind: PolicyKind.REQUEST });
    await expect(other).rejects.toMatchObject({ violations: [{ field: 'page_token' }] });
    const [scope] = JSON.parse(Buffer.from(pageToken, 'base64url').toString()) as string[];
    const forged = Buffer.from(JSON.stringify([scope, 'yesterday', 'x'])).toString('base64url');
    const refused = admin.listDecisions({ ...allDecisions, pageToken: forged });
    await expect(refused).rejects.toMatchObject({ violations: [{ field: 'page_token' }] });
  });
});
