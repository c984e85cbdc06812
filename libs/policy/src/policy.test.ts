import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePolicySet, type Facts, noPolicySet, type Policy, policyLimits } from './index.ts';

const request: Facts<'request'> = {
  requester_id: 'u1',
  network_id: 'n1',
  model: 'gpt-4o',
  input_tokens: 100n,
  max_output_tokens: 200n,
  max_cost_cents: 50n,
  estimated_cost_cents: 10n,
  payment_verified: true,
  blocked: false,
};

const registration: Facts<'provider-registration'> = {
  owner_id: 'u1',
  network_id: 'n1',
  device_id: 'd1',
  models: ['llama3', 'mistral'],
  price_cents: 3n,
  price_unit_tokens: 1_000n,
  latency_ms: 80n,
  capacity: 4n,
  payout_verified: true,
};

const policy = (overrides: Partial<Policy>): Policy => ({
  id: 'p',
  kind: 'request',
  rule: 'true',
  effect: 'deny',
  reason: 'because',
  priority: 0,
  ...overrides,
});

const setOf = (...policies: Partial<Policy>[]) =>
  compilePolicySet({ version: 'v7', policies: policies.map((given, i) => policy({ id: `p${i}`, ...given })) });

const decideRequest = (rule: string, facts: Partial<Facts<'request'>> = {}) =>
  setOf({ rule }).evaluate('request', { ...request, ...facts });

describe('evaluate', () => {
  it('approves when no policy matches, and gives the version', () => {
    const decision = setOf({ rule: 'blocked' }).evaluate('request', request);
    expect(decision).toEqual({ outcome: 'approve', reason: 'no policy objects', version: 'v7' });
  });

  it('takes the effect, id and reason of the policy that matches', () => {
    const set = setOf({ id: 'payment', rule: '!payment_verified', reason: 'No payment method.' });
    expect(set.evaluate('request', { ...request, payment_verified: false })).toEqual({
      outcome: 'deny',
      policyId: 'payment',
      reason: 'No payment method.',
      version: 'v7',
    });
  });

  it('asks higher priorities first, so that a review can stand before a deny', () => {
    const set = setOf({ priority: 1 }, { id: 'first', effect: 'review', priority: 2 });
    expect(set.evaluate('request', request)).toMatchObject({ outcome: 'review', policyId: 'first' });
  });

  it('lets deny win over review at equal priority, whatever their order', () => {
    const pair = [{ effect: 'review' as const }, { effect: 'deny' as const }];
    expect(setOf(...pair).evaluate('request', request).outcome).toBe('deny');
    expect(setOf(...pair.toReversed()).evaluate('request', request).outcome).toBe('deny');
  });

  it('asks only policies of its kind', () => {
    expect(setOf({ kind: 'request' }).evaluate('provider-registration', registration).outcome).toBe('approve');
  });

  it.each([
    ['models.exists(m, m.startsWith("llama"))', true],
    ['models.all(m, m in ["llama3", "mistral"])', true],
    ['size(models) > 10', false],
    ['price_cents * 1000 / price_unit_tokens > 2', true],
    ['capacity < 1 || !payout_verified', false],
    ['latency_ms > 1000 && device_id == "d1"', false],
  ])('provider-registration facts: %s is %s', (rule, matches) => {
    const set = setOf({ kind: 'provider-registration', rule });
    expect(set.evaluate('provider-registration', registration).outcome).toBe(matches ? 'deny' : 'approve');
  });

  it('compares integers exactly where floating point would not', () => {
    const big = 9_007_199_254_740_993n;
    const rule = 'max_cost_cents == 9007199254740993';
    expect(decideRequest(rule, { max_cost_cents: big }).outcome).toBe('deny');
    expect(decideRequest(rule, { max_cost_cents: big - 1n }).outcome).toBe('approve');
  });
});

describe('Decisions: no snapshot ever received, or an error in a rule, denies with a reason', () => {
  it('denies without a snapshot', () => {
    const decision = noPolicySet.evaluate('request', request);
    expect(decision.outcome).toBe('deny');
    expect(decision.reason).toMatch(/^NO_POLICY_SNAPSHOT/);
  });

  it.each([
    ['division by zero', 'input_tokens / (input_tokens - 100) > 1'],
    ['overflow', 'input_tokens + 9223372036854775807 > 0'],
    ['a failed conversion', 'int(model) > 1'],
    ['an index out of range', '[1, 2][input_tokens] == 1'],
  ])('denies on %s, naming the policy', (_, rule) => {
    expect(decideRequest(rule)).toMatchObject({
      outcome: 'deny',
      policyId: 'p0',
      reason: expect.stringMatching(/^POLICY_ERROR in p0: /) as string,
    });
  });

  it('denies even if a later policy would only have asked for a review', () => {
    const set = setOf({ rule: '1 / (input_tokens - 100) > 1', priority: 2 }, { effect: 'review', priority: 1 });
    expect(set.evaluate('request', request)).toMatchObject({ outcome: 'deny', policyId: 'p0' });
  });

  it.each([
    ['missing', { input_tokens: undefined }],
    ['a number instead of bigint', { input_tokens: 100 }],
    ['beyond 64 bits', { input_tokens: 2n ** 63n }],
    ['a text instead of bool', { blocked: 'false' }],
    ['a text too long', { model: 'x'.repeat(policyLimits.maxTextFact + 1) }],
  ])('denies when a fact is %s, even if no rule uses it', (_, wrong) => {
    const facts = { ...request, ...wrong } as unknown as Facts<'request'>;
    const decision = setOf({ rule: 'false' }).evaluate('request', facts);
    expect(decision).toMatchObject({
      outcome: 'deny',
      reason: expect.stringMatching(/^POLICY_ERROR: fact /) as string,
    });
  });

  it('denies an unknown kind', () => {
    const decision = setOf().evaluate('payout' as 'request', request);
    expect(decision).toMatchObject({ outcome: 'deny', reason: 'POLICY_ERROR: no such kind of decision' });
  });
});

describe('compilePolicySet', () => {
  it.each([
    ['a syntax error', { rule: 'input_tokens >' }, /EOF/],
    ['an unknown fact', { rule: 'input_token > 1' }, /Unknown variable: input_token/],
    ['a fact of another kind', { rule: 'price_cents > 1' }, /Unknown variable: price_cents/],
    ['types that do not fit', { rule: 'model + 1 == "x"' }, /no such overload/],
    ['an unknown function', { rule: 'model.shout() == "X"' }, /no matching overload/],
    ['no condition', { rule: 'input_tokens' }, /must be a condition \(bool\), not int/],
    ['an untyped result', { rule: 'dyn(blocked)' }, /must be a condition/],
    ['an empty rule', { rule: '' }, /./],
    ['regular expressions', { rule: 'model.matches("(a+)+$")' }, /matches\(\) is not allowed/],
    ['bindings', { rule: 'cel.bind(a, model + model, a == "x")' }, /bind\(\) is not allowed/],
    ['nested iteration', { rule: '[1].all(a, [2].exists(b, a == b))' }, /inside another iteration/],
    ['a rule too long', { rule: `model == "${'x'.repeat(2_000)}"` }, /longer than 2000/],
    ['a rule with too many parts', { rule: Array(150).fill('blocked').join('||') }, /limit|exceed|maxAstNodes/i],
    ['a rule too deep', { rule: `${'('.repeat(50)}true${')'.repeat(50)}` }, /limit|exceed|depth/i],
    ['an empty id', { id: '' }, /id must not be empty/],
    ['an unknown kind', { kind: 'payout' as 'request' }, /kind must be one of/],
    ['an unknown effect', { effect: 'approve' as 'deny' }, /effect must be/],
    ['a fractional priority', { priority: 0.5 }, /priority must be an integer/],
    ['an empty reason', { reason: ' ' }, /reason must have/],
  ])('refuses %s', (_, given, expected) => {
    const attempt = () => compilePolicySet({ version: 'v', policies: [policy({ id: 'bad', ...given })] });
    expect(attempt).toThrow(expected);
  });

  it('names every bad policy by id and takes nothing of the snapshot', () => {
    const bad = [{ id: 'ok' }, { id: 'one', rule: 'nope' }, { id: 'two', rule: '1' }, { id: 'ok' }];
    const fault: unknown = (() => {
      try {
        return setOf(...bad);
      } catch (error) {
        return error;
      }
    })();
    expect(fault).toMatchObject({
      kind: 'invalid',
      reason: 'POLICY_INVALID',
      violations: [{ field: 'one' }, { field: 'two' }, { field: 'ok', description: 'the id occurs twice' }],
    });
  });

  it('refuses more policies than the limit', () => {
    const many = Array.from({ length: policyLimits.maxPolicies + 1 }, () => ({}));
    expect(() => setOf(...many)).toThrow('more than 500 policies');
  });
});

describe('properties', () => {
  const rules = fc.record({
    rule: fc.constantFrom('true', 'false', 'blocked', 'input_tokens > 50', '1 / (input_tokens - input_tokens) > 0'),
    effect: fc.constantFrom('deny' as const, 'review' as const),
    priority: fc.integer({ min: 0, max: 3 }),
  });

  it('decides as a plain reading of the precedence does, in whatever order policies arrive', () => {
    const holds = (rule: string) => rule === 'true' || rule === 'input_tokens > 50';
    const fails = (rule: string) => rule.startsWith('1 /');
    fc.assert(
      fc.property(fc.array(rules, { maxLength: 8 }), fc.integer(), (given, seed) => {
        const decisive = given.filter(({ rule }) => holds(rule) || fails(rule));
        const top = Math.max(...decisive.map(({ priority }) => priority));
        const atTop = decisive.filter(({ priority }) => priority === top);
        const denies = atTop.some(({ effect }) => effect === 'deny');
        const anyFails = atTop.some(({ rule }) => fails(rule));
        const expected =
          decisive.length === 0 ? ['approve'] : denies ? ['deny'] : anyFails ? ['deny', 'review'] : ['review'];
        const rotated = given.map((_, i) => given[(i + Math.abs(seed)) % given.length] ?? _);
        expect(expected).toContain(setOf(...rotated).evaluate('request', request).outcome);
      }),
    );
  });

  it('never throws while evaluating, whatever the facts are', () => {
    const set = setOf({ rule: 'input_tokens > 1 && model.startsWith("a") && !blocked' });
    const broken = fc.dictionary(fc.constantFrom(...Object.keys(request)), fc.anything());
    fc.assert(
      fc.property(broken, (facts) => {
        const merged = { ...request, ...facts } as Facts<'request'>;
        expect(['approve', 'deny']).toContain(set.evaluate('request', merged).outcome);
      }),
    );
  });

  it('never lets arbitrary text through as a rule that is not a condition', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (rule) => {
        try {
          expect(setOf({ rule }).size).toBe(1);
        } catch (error) {
          expect(error).toMatchObject({ reason: 'POLICY_INVALID' });
        }
      }),
    );
  });

  it('bounds the most expensive rule the limits allow', () => {
    const models = Array.from({ length: policyLimits.maxListFact }, (_, i) => `model-${i}`);
    const body = Array(30).fill('m.contains("zzz")').join(' || ');
    const set = setOf({ kind: 'provider-registration', rule: `models.exists(m, ${body})` });
    // Processor time: what else the machine does must not count.
    const before = process.threadCpuUsage();
    expect(set.evaluate('provider-registration', { ...registration, models }).outcome).toBe('approve');
    expect(process.threadCpuUsage(before).user).toBeLessThan(1_000_000);
  });
});
