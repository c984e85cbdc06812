import { nornen } from '@edda/contracts';
import { type PolicyKind } from '@edda/policy';
import { kindOnWire } from '../policies/snapshot-message.ts';
import { type Outcome, type Verdict } from './verdict.ts';

export const outcomeOnWire = {
  approve: nornen.DecisionOutcome.APPROVED,
  deny: nornen.DecisionOutcome.DENIED,
  review: nornen.DecisionOutcome.REVIEW,
} as const satisfies Record<Outcome, nornen.DecisionOutcome>;

/** A decision as stored, but for its facts. */
export interface StoredDecision extends Verdict {
  decisionId: string;
  kind: PolicyKind;
  decidedAt: Date;
  /** The provider or request decided about. */
  subjectId: string;
  userId: string;
  networkId: string;
}

/** Also takes rows as Prisma reads them, whose enumerations are plain text guarded by the table's checks. */
export function decisionMessage(
  row: Omit<StoredDecision, 'kind' | 'outcome' | 'reasonCode'> & { kind: string; outcome: string; reasonCode: string },
): nornen.Decision {
  return nornen.Decision.fromPartial({
    decisionId: row.decisionId,
    kind: kindOnWire[row.kind as PolicyKind],
    outcome: outcomeOnWire[row.outcome as Outcome],
    policyId: row.policyId,
    policyVersion: row.policyVersion,
    reason: row.reason,
    reasonCode: row.reasonCode,
    decidedAt: row.decidedAt,
    subjectId: row.subjectId,
    userId: row.userId,
    networkId: row.networkId,
  });
}
