import { compilePolicySet, type Facts } from '@edda/policy';
import { describe, expect, it } from 'vitest';
import { verdictOn } from './verdict.ts';

const facts: Facts<'request'> = {
  requester_id: 'user',
  network_id: 'net',
  model: 'llama',
  input_tokens: 0n,
  max_output_tokens: 10n,
  max_cost_cents: 10n,
  estimated_cost_cents: 5n,
  payment_verified: true,
  blocked: false,
};

function inForce(rule: string) {
  const policies = [{ id: 'p', kind: 'request', rule, effect: 'review', reason: 'why', priority: 0 } as const];
  const snapshot = { version: 3n, createdAt: new Date(0), sha256: '', policies };
  return { snapshot, set: compilePolicySet({ version: '3', policies }) };
}

describe('Decisions: the verdict', () => {
  it('denies without a snapshot', () => {
    expect(verdictOn(undefined, 'request', facts)).toMatchObject({
      outcome: 'deny',
      policyVersion: 0n,
      reasonCode: 'NO_POLICY_SNAPSHOT',
    });
  });

  it('denies when a rule fails, naming the policy', () => {
    expect(verdictOn(inForce('1 / input_tokens > 0'), 'request', facts)).toMatchObject({
      outcome: 'deny',
      policyId: 'p',
      policyVersion: 3n,
      reasonCode: 'POLICY_ERROR',
    });
  });

  it('names the policy that decided and its reason', () => {
    expect(verdictOn(inForce('true'), 'request', facts)).toEqual({
      outcome: 'review',
      policyId: 'p',
      policyVersion: 3n,
      reason: 'why',
      reasonCode: 'POLICY',
    });
  });

  it('approves by default without a reason', () => {
    expect(verdictOn(inForce('false'), 'request', facts)).toEqual({
      outcome: 'approve',
      policyId: '',
      policyVersion: 3n,
      reason: '',
      reasonCode: 'DEFAULT',
    });
  });

  it('a refusal stands whatever the policies say', () => {
    expect(verdictOn(inForce('false'), 'request', facts, 'no')).toMatchObject({
      outcome: 'deny',
      policyId: '',
      reason: 'no',
      reasonCode: 'DEFAULT',
    });
  });
});
