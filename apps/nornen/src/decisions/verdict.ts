import { type Facts, noPolicySet, type PolicyKind } from '@edda/policy';
import { type PoliciesInForce } from '../policies/policy-book.ts';

export type Outcome = 'approve' | 'deny' | 'review';
export type ReasonCode = 'POLICY' | 'POLICY_ERROR' | 'NO_POLICY_SNAPSHOT' | 'DEFAULT';

/** What was decided, by what, and why. */
export interface Verdict {
  outcome: Outcome;
  /** Empty when none decided. */
  policyId: string;
  /** 0n when there was no snapshot. */
  policyVersion: bigint;
  /** Empty when approved because nothing objected. */
  reason: string;
  reasonCode: ReasonCode;
}

/**
 * Decisions: no snapshot, or an error in a rule, denies with a reason.
 * @param refusal why it is denied whatever the policies say; undefined to ask them
 */
export function verdictOn<Kind extends PolicyKind>(
  inForce: PoliciesInForce | undefined,
  kind: Kind,
  facts: Facts<Kind>,
  refusal?: string,
): Verdict {
  const policyVersion = inForce?.snapshot.version ?? 0n;
  if (refusal !== undefined) {
    return { outcome: 'deny', policyId: '', policyVersion, reason: refusal, reasonCode: 'DEFAULT' };
  }
  const { outcome, policyId = '', reason } = (inForce?.set ?? noPolicySet).evaluate(kind, facts);
  const reasonCode = reasonCodeOf(outcome, reason);
  return { outcome, policyId, policyVersion, reason: outcome === 'approve' ? '' : reason, reasonCode };
}

function reasonCodeOf(outcome: Outcome, reason: string): ReasonCode {
  if (outcome === 'approve') return 'DEFAULT';
  if (reason.startsWith('NO_POLICY_SNAPSHOT')) return 'NO_POLICY_SNAPSHOT';
  return reason.startsWith('POLICY_ERROR') ? 'POLICY_ERROR' : 'POLICY';
}
