export { compilePolicySet } from './compile-policy-set.ts';
export { type Facts, type FactType, factTypes, type PolicyKind } from './facts.ts';
export { policyFaults } from './faults.ts';
export { policyLimits } from './limits.ts';
export { noPolicySet } from './no-policy-set.ts';
export { type Decision, type Policy, type PolicyEffect, type PolicySet, type PolicySnapshot } from './policy.ts';
