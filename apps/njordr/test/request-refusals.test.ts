import { nornen } from '@edda/contracts';
import { commonFaults, Fault } from '@edda/faults';
import { afterEach, describe, expect, it } from 'vitest';
import { collect, type OpenOptions, openRequests, type OpenedRequests, parameters } from './support/open-requests.ts';
import { stop } from './support/scripted-hub.ts';

let open: OpenedRequests;
const start = async (options: OpenOptions = {}) => {
  open = await openRequests(options);
  open.hub.script('p1', ['one two', stop]);
};
const execute = (changes = {}, key = '') =>
  collect(open.client().compute.executeRequest({ idempotencyKey: key, parameters: parameters(changes) }));
const rows = async (table: string) => (await open.pool.query(`SELECT FROM ${table}`)).rowCount;

afterEach(async () => {
  expect(open.heidrun.open()).toEqual([]);
  expect(open.market.inFlight()).toBe(0);
  await open.close();
});

describe('bad input', () => {
  it('is refused with one clear error each, before anything is written', async () => {
    await start({ settings: { requests: { maxPromptBytes: 100 } } });
    const cases: [object, string, string?][] = [
      [{ model: 'nobody-has-this' }, 'MODEL_UNKNOWN', 'parameters.model'],
      [{ model: '' }, 'INVALID_INPUT', 'parameters.model'],
      [{ messages: [] }, 'INVALID_INPUT', 'parameters.messages'],
      [{ messages: [{ role: 'user', content: '' }] }, 'INVALID_INPUT', 'parameters.messages'],
      [{ prompt: 'both' }, 'INVALID_INPUT', 'parameters.messages'],
      [{ messages: [{ role: 'wizard', content: 'x' }] }, 'INVALID_INPUT', 'parameters.messages.0.role'],
      [{ n: 2 }, 'MULTIPLE_ANSWERS_UNSUPPORTED', 'parameters.n'],
      [{ maxOutputTokens: -1n }, 'INVALID_INPUT', 'parameters.max_output_tokens'],
      [{ maxOutputTokens: 0n }, 'INVALID_INPUT', 'parameters.max_output_tokens'],
      [{ maxOutputTokens: 10n ** 12n }, 'INVALID_INPUT', 'parameters.max_output_tokens'],
      [{ maxOutputTokens: 1_000_000_000n }, 'CONTEXT_TOO_LONG'],
      [{ maxCostCents: -1n }, 'INVALID_INPUT', 'parameters.max_cost_cents'],
      [{ maxCostCents: 1n }, 'MAX_COST_EXCEEDED', 'parameters.max_cost_cents'],
      [{ temperature: 3 }, 'INVALID_INPUT', 'parameters.temperature'],
      [{ temperature: NaN }, 'INVALID_INPUT', 'parameters.temperature'],
      [{ topP: 0 }, 'INVALID_INPUT', 'parameters.top_p'],
      [{ timeoutMs: 10_000_000n }, 'INVALID_INPUT', 'parameters.timeout_ms'],
      [{ preferences: { minQuality: 2 } }, 'INVALID_INPUT', 'parameters.preferences.min_quality'],
      [{ preferences: { onlyProviders: ['nobody'] } }, 'NO_PROVIDER_AVAILABLE'],
      [{ preferences: { ownNetworkOnly: true } }, 'NO_PROVIDER_AVAILABLE'],
      [{ messages: [{ role: 'user', content: 'x'.repeat(101) }] }, 'PROMPT_TOO_LARGE'],
    ];
    for (const [changes, reason, field] of cases) {
      const violations = field === undefined ? [] : [expect.objectContaining({ field })];
      await expect(execute(changes), JSON.stringify(Object.keys(changes))).rejects.toMatchObject({
        reason,
        violations,
      });
    }
    const missing = open.client().compute.executeRequest({ idempotencyKey: '', parameters: undefined });
    await expect(collect(missing)).rejects.toMatchObject({ reason: 'INVALID_INPUT' });
    await expect(execute({}, 'k'.repeat(129))).rejects.toMatchObject({ violations: [{ field: 'idempotency_key' }] });
    expect(await rows('transactions')).toBe(0);
    expect(open.heidrun.calls).toEqual([]);
  });

  it('wrong roles are refused', async () => {
    await start();
    const provider = open.client('p', { roles: ['provider'] });
    const stream = provider.compute.executeRequest({ idempotencyKey: '', parameters: parameters() });
    await expect(collect(stream)).rejects.toMatchObject({ reason: 'ROLE_FORBIDDEN' });
  });
});

describe('money', () => {
  it('Heidrun’s refusals pass through, and nothing is held', async () => {
    await start();
    open.heidrun.walletCents = 0n;
    await expect(execute({ maxOutputTokens: 5n }, 'key')).rejects.toMatchObject({
      reason: 'INSUFFICIENT_FUNDS',
      domain: 'heidrun.edda',
    });
    open.heidrun.paymentVerified = false;
    await expect(execute({}, 'key')).rejects.toMatchObject({ reason: 'PAYMENT_METHOD_REQUIRED' });
    open.heidrun.paymentVerified = true;
    open.heidrun.walletCents = 100_000n;
    // The refusals were not remembered: the same key serves once the wallet is filled.
    expect((await execute({}, 'key')).receipt?.outputTokens).toBe(2n);
    const states = await open.pool.query<{ state: string }>('SELECT state FROM transactions ORDER BY created_at');
    expect(states.rows.map(({ state }) => state)).toEqual(['FAILED', 'FAILED', 'COMPLETED']);
  });

  it('a maximum that Heidrun finds exceeded after a price went up', async () => {
    await start();
    const domain = 'heidrun.edda';
    open.heidrun.failing.set('preAuthorize', [
      new Fault('conflict', 'PRICE_VERSION_CHANGED', 'another price', { domain }),
      new Fault('precondition', 'MAX_COST_EXCEEDED', 'too dear', { domain }),
      new Fault('conflict', 'PRICE_VERSION_CHANGED', 'another price', { domain }),
    ]);
    await expect(execute()).rejects.toMatchObject({ reason: 'MAX_COST_EXCEEDED', domain });
    expect(await rows(`transactions WHERE state = 'FAILED'`)).toBe(1);
    // Within the limits, the new price is simply taken.
    expect((await execute()).receipt?.outputTokens).toBe(2n);
  });

  it('Heidrun down: UNAVAILABLE, no job is sent, recovery closes the request', async () => {
    await start();
    open.heidrun.failing.set('preAuthorize', [commonFaults.DEPENDENCY_UNAVAILABLE('down')]);
    await expect(execute()).rejects.toMatchObject({ kind: 'unavailable' });
    expect(open.hub.jobs).toEqual([]);
    expect(await open.requests.recover()).toBe(1);
    expect(await rows(`transactions WHERE state = 'FAILED'`)).toBe(1);
  });

  it('a hold whose answer was lost is given back by recovery', async () => {
    await start();
    open.heidrun.losing.add('preAuthorize');
    await expect(execute()).rejects.toMatchObject({ kind: 'internal' });
    expect(open.heidrun.open()).toHaveLength(1);
    await open.requests.recover();
    expect(open.heidrun.calls.at(-1)).toBe('cancelPreAuth');
  });
});

describe('policies', () => {
  const deny: Partial<nornen.Policy> = {
    policyId: 'short-only',
    kind: nornen.PolicyKind.REQUEST,
    rule: 'max_output_tokens > 100',
    effect: nornen.PolicyEffect.DENY,
    reason: 'long answers are not allowed here',
  };

  it('a denial names its reason, leaves an event and nothing else', async () => {
    await start({ policies: [deny] });
    await expect(execute({ maxOutputTokens: 101n })).rejects.toMatchObject({
      kind: 'forbidden',
      reason: 'REQUEST_DENIED',
      metadata: { policy_id: 'short-only', policy_version: '1' },
    });
    expect(await rows('transactions')).toBe(0);
    await open.relay.drainOnce();
    expect(open.received.events).toEqual(['njordr.request.denied']);
    expect((await execute({ maxOutputTokens: 100n })).receipt?.outputTokens).toBe(2n);
  });

  it('domain.md, decisions: no snapshot ever received denies with a reason', async () => {
    await start({ policies: 'none' });
    await expect(execute()).rejects.toMatchObject({ reason: 'NO_POLICY_SNAPSHOT' });
  });
});

describe('limits', () => {
  it('more requests than allowed at once answer RATE_LIMITED; keeping no answers disables CreateRequest', async () => {
    await start({ settings: { requests: { maxConcurrent: 1, resultTtlSeconds: 0 } } });
    open.hub.script('p1', ['one', { pauseMs: 300 }, stop]);
    const running = execute();
    await expect.poll(() => open.hub.jobs.length).toBe(1);
    await expect(execute()).rejects.toMatchObject({ reason: 'RATE_LIMITED' });
    await running;
    const create = open.client().compute.createRequest({ idempotencyKey: '', parameters: parameters() });
    await expect(create).rejects.toMatchObject({ reason: 'RESULTS_NOT_KEPT' });
  });

  it('requests that still wait for their hold count as running', async () => {
    await start({ settings: { requests: { maxConcurrent: 2 } } });
    const { promise, resolve } = Promise.withResolvers<void>();
    open.heidrun.waiting.set('preAuthorize', promise);
    const asked = Array.from({ length: 6 }, () => execute());
    const outcomes = asked.map((call) =>
      call.then(
        ({ text }) => text,
        (error: unknown) => (error as Fault).reason,
      ),
    );
    let refused = 0;
    for (const outcome of outcomes) void outcome.then((said) => (refused += said === 'RATE_LIMITED' ? 1 : 0));
    await expect.poll(() => refused, { timeout: 10_000 }).toBe(4);
    resolve();
    expect((await Promise.all(outcomes)).toSorted()).toEqual([
      ...Array<string>(4).fill('RATE_LIMITED'),
      ...Array<string>(2).fill('one two'),
    ]);
    expect(await rows('transactions')).toBe(2);
    // Their places are free again.
    expect((await execute()).text).toBe('one two');
  });
});
