import { type FieldViolation } from '@edda/faults';
import { compileRule, createEnvironment } from './compile-rule.ts';
import { decide } from './decide.ts';
import { type Facts, factTypes, type PolicyKind } from './facts.ts';
import { policyFaults } from './faults.ts';
import { policyLimits } from './limits.ts';
import { type CompiledPolicy, type Policy, type PolicySet, type PolicySnapshot } from './policy.ts';

const effectOrder = { deny: 0, review: 1 } as const;

function byPrecedence(a: Policy, b: Policy): number {
  return b.priority - a.priority || effectOrder[a.effect] - effectOrder[b.effect] || (a.id < b.id ? -1 : 1);
}

function complaintsAbout(policy: Policy): string[] {
  return [
    ...(policy.id === '' ? ['id must not be empty'] : []),
    ...(Object.hasOwn(factTypes, policy.kind) ? [] : [`kind must be one of ${Object.keys(factTypes).join(', ')}`]),
    ...(Object.hasOwn(effectOrder, policy.effect) ? [] : ['effect must be deny or review']),
    ...(Number.isSafeInteger(policy.priority) ? [] : ['priority must be an integer']),
    ...(policy.reason.trim() === '' || policy.reason.length > policyLimits.maxReasonLength
      ? [`reason must have 1 to ${policyLimits.maxReasonLength} characters`]
      : []),
  ];
}

function compilePolicies(policies: readonly Policy[], violations: FieldViolation[]): CompiledPolicy[] {
  const environments = {
    'provider-registration': createEnvironment('provider-registration'),
    request: createEnvironment('request'),
  };
  const seen = new Set<string>();
  return policies.flatMap((policy) => {
    const complaints = complaintsAbout(policy);
    if (seen.has(policy.id)) complaints.push('the id occurs twice');
    seen.add(policy.id);
    const holds = complaints.length === 0 ? compileRule(environments[policy.kind], policy.rule) : '';
    if (typeof holds === 'function') return [{ ...policy, holds }];
    if (holds !== '') complaints.push(holds);
    violations.push(...complaints.map((description) => ({ field: policy.id, description })));
    return [];
  });
}

/**
 * Checks and compiles a snapshot of policies.
 * @throws Fault POLICY_INVALID naming every bad policy by id; a snapshot is taken as a whole or not at all
 */
export function compilePolicySet({ version, policies }: PolicySnapshot): PolicySet {
  const violations: FieldViolation[] = [];
  if (policies.length > policyLimits.maxPolicies) {
    violations.push({ field: '', description: `more than ${policyLimits.maxPolicies} policies` });
  }
  const compiled = violations.length > 0 ? [] : compilePolicies(policies, violations).sort(byPrecedence);
  if (violations.length > 0) {
    const [first] = violations;
    const more = violations.length > 1 ? ` (and ${violations.length - 1} more)` : '';
    const message = `policy ${first?.field}: ${first?.description}${more}`;
    throw policyFaults.POLICY_INVALID(message, { violations });
  }
  const byKind = new Map(
    (Object.keys(factTypes) as PolicyKind[]).map((kind) => [kind, compiled.filter((policy) => policy.kind === kind)]),
  );
  return Object.freeze({
    version,
    size: compiled.length,
    evaluate: (kind: PolicyKind, facts: Facts) => decide(version, kind, byKind.get(kind) ?? [], facts),
  });
}
