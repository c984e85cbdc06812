import { type Fault } from '@edda/faults';
import { type Decision, type Facts, type PolicySet } from '@edda/policy';
import { njordrFaults } from '../faults.ts';

export interface RequestFacts {
  requesterId: string;
  networkId: string;
  model: string;
  inputTokens: bigint;
  maxOutputTokens: bigint;
  maxCostCents: bigint;
  estimatedCostCents: bigint;
}

/** Asks the policies in force; in process, without I/O. */
export function decideRequest(policies: PolicySet, facts: RequestFacts): Decision {
  const named: Facts<'request'> = {
    requester_id: facts.requesterId,
    network_id: facts.networkId,
    model: facts.model,
    input_tokens: facts.inputTokens,
    max_output_tokens: facts.maxOutputTokens,
    max_cost_cents: facts.maxCostCents,
    estimated_cost_cents: facts.estimatedCostCents,
    // Heidrun refuses the hold without a verified payment method, so no request gets past it without one.
    payment_verified: true,
    // Blocking users is not offered yet.
    blocked: false,
  };
  return policies.evaluate('request', named);
}

/** The fault of a decision that does not approve; undefined for one that does. A review cannot wait here: it denies. */
export function denialOf({ outcome, reason, policyId, version }: Decision): Fault | undefined {
  if (outcome === 'approve') return undefined;
  const metadata = { policy_version: version, ...(policyId !== undefined && { policy_id: policyId }) };
  if (reason.startsWith('NO_POLICY_SNAPSHOT')) {
    return njordrFaults.NO_POLICY_SNAPSHOT('No policies have been received yet.', { metadata, retryAfterMs: 1_000 });
  }
  if (reason.startsWith('POLICY_ERROR')) return njordrFaults.POLICY_ERROR(reason, { metadata });
  return njordrFaults.REQUEST_DENIED(`Denied by policy: ${reason}`, { metadata });
}
