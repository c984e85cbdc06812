import { type CompiledRule } from './compile-rule.ts';
import { type Facts, type PolicyKind } from './facts.ts';

export type PolicyEffect = 'deny' | 'review';

/** One rule: where its condition holds, its effect is the decision. */
export interface Policy {
  /** Unique in its set. */
  id: string;
  kind: PolicyKind;
  /** A CEL condition over the kind’s facts, at most 2,000 characters. */
  rule: string;
  effect: PolicyEffect;
  /** Told to whoever is affected. */
  reason: string;
  /** Higher ones are asked first; at equal priority deny before review, then in the order of ids. */
  priority: number;
}

export interface PolicySnapshot {
  version: string;
  policies: readonly Policy[];
}

export interface Decision {
  outcome: 'approve' | PolicyEffect;
  /** The policy that decided; absent when none matched. */
  policyId?: string;
  /** The policy’s own reason, or text that begins with POLICY_ERROR or NO_POLICY_SNAPSHOT. */
  reason: string;
  /** The snapshot’s version; empty without one. */
  version: string;
}

export interface PolicySet {
  readonly version: string;
  readonly size: number;
  /** Never throws: what cannot be decided is denied. */
  evaluate<Kind extends PolicyKind>(kind: Kind, facts: Facts<Kind>): Decision;
}

/** A policy whose rule was checked. */
export interface CompiledPolicy extends Policy {
  holds: CompiledRule;
}
