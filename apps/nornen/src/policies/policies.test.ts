import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compilePolicySet, type Facts, type Policy } from '@edda/policy';
import { describe, expect, it } from 'vitest';
import { policiesHash } from './policies-hash.ts';
import { mergePolicies } from './publish-extra-policies.ts';

const migration = join(import.meta.dirname, '../../prisma/migrations/20261121000003_default_policies/migration.sql');
const sql = await readFile(migration, 'utf8');
const defaults = JSON.parse(/'(\[[\s\S]*\])'/.exec(sql)?.[1] ?? '') as Policy[];
const set = compilePolicySet({ version: '1', policies: defaults });

const registration: Facts<'provider-registration'> = {
  owner_id: 'owner',
  network_id: 'net',
  device_id: 'device',
  models: ['llama'],
  price_cents: 1_000n,
  price_unit_tokens: 1_000n,
  latency_ms: 2_000n,
  capacity: 1n,
  payout_verified: true,
};
const request: Facts<'request'> = {
  requester_id: 'user',
  network_id: 'net',
  model: 'llama',
  input_tokens: 1_000_000n,
  max_output_tokens: 10n,
  max_cost_cents: 10n,
  estimated_cost_cents: 5n,
  payment_verified: true,
  blocked: false,
};

describe('Decisions: the default policies', () => {
  it('approve what lies exactly on the bounds', () => {
    expect(set.evaluate('provider-registration', registration).outcome).toBe('approve');
    expect(set.evaluate('request', request).outcome).toBe('approve');
  });

  it.each<[string, string, Partial<typeof registration>]>([
    ['deny', 'provider.payout-unverified', { payout_verified: false }],
    ['deny', 'provider.no-models', { models: [] }],
    ['deny', 'provider.price-too-high', { price_cents: 1_001n }],
    ['deny', 'provider.price-too-high', { price_cents: 1n, price_unit_tokens: 0n }],
    ['review', 'provider.latency-high', { latency_ms: 2_001n }],
  ])('%s by %s', (outcome, policyId, facts) => {
    expect(set.evaluate('provider-registration', { ...registration, ...facts })).toMatchObject({ outcome, policyId });
  });

  it('judge prices per token, whatever unit they are quoted in', () => {
    const perMillion = { ...registration, price_cents: 1_000_000n, price_unit_tokens: 1_000_000n };
    expect(set.evaluate('provider-registration', perMillion).outcome).toBe('approve');
  });

  it.each<[string, Partial<typeof request>]>([
    ['request.requester-blocked', { blocked: true }],
    ['request.payment-unverified', { payment_verified: false }],
    ['request.input-too-large', { input_tokens: 1_000_001n }],
  ])('deny by %s', (policyId, facts) => {
    expect(set.evaluate('request', { ...request, ...facts })).toMatchObject({ outcome: 'deny', policyId });
  });

  it('are stored with the hash of what they say', () => {
    expect(sql).toContain(`'${policiesHash(defaults)}'`);
  });
});

describe('policiesHash', () => {
  const [first, second] = defaults as [Policy, Policy];

  it('does not depend on the order of policies or fields, but on every field', () => {
    const reordered = Object.fromEntries(Object.entries(first).toReversed()) as unknown as Policy;
    expect(policiesHash([second, reordered])).toBe(policiesHash([first, second]));
    for (const change of [
      { id: 'x' },
      { rule: 'true' },
      { reason: 'x' },
      { priority: 1 },
      { effect: 'review' as const },
    ]) {
      expect(policiesHash([{ ...first, ...change }])).not.toBe(policiesHash([first]));
    }
  });
});

describe('mergePolicies', () => {
  it('lets a policy of the settings replace a default of the same id', () => {
    const own = { ...defaults[0]!, rule: 'false' };
    const merged = mergePolicies(defaults, [own, { ...own, id: 'own' }]);
    expect(merged).toHaveLength(defaults.length + 1);
    expect(merged.filter(({ id }) => id === own.id)).toEqual([own]);
  });
});
