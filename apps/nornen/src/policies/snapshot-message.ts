import { nornen } from '@edda/contracts';
import { type PolicyEffect, type PolicyKind } from '@edda/policy';
import { type StoredSnapshot } from './policy-store.ts';

export const kindOnWire = {
  'provider-registration': nornen.PolicyKind.PROVIDER_REGISTRATION,
  request: nornen.PolicyKind.REQUEST,
} as const satisfies Record<PolicyKind, nornen.PolicyKind>;

const effectOnWire = {
  deny: nornen.PolicyEffect.DENY,
  review: nornen.PolicyEffect.REVIEW,
} as const satisfies Record<PolicyEffect, nornen.PolicyEffect>;

/** A stored version as the contract has it, highest priority first, ties by id. */
export function snapshotMessage({ version, createdAt, sha256, policies }: StoredSnapshot): nornen.PolicySnapshot {
  return {
    version,
    createdAt,
    sha256,
    policies: policies
      .toSorted((a, b) => b.priority - a.priority || (a.id < b.id ? -1 : 1))
      .map(({ id, kind, rule, effect, reason, priority }) => ({
        policyId: id,
        kind: kindOnWire[kind],
        rule,
        effect: effectOnWire[effect],
        reason,
        priority,
      })),
  };
}
