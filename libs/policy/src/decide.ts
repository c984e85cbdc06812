import { checkFacts } from './check-facts.ts';
import { firstLine } from './compile-rule.ts';
import { factTypes, type PolicyKind } from './facts.ts';
import { type CompiledPolicy, type Decision } from './policy.ts';

const maxErrorLength = 200;

function failed(version: string, error: string, policyId?: string): Decision {
  const where = policyId === undefined ? '' : ` in ${policyId}`;
  const reason = `POLICY_ERROR${where}: ${error.slice(0, maxErrorLength)}`;
  return { outcome: 'deny', reason, version, ...(policyId !== undefined && { policyId }) };
}

/**
 * Asks the policies in their order; the first that holds decides, none approves. A policy that cannot be
 * evaluated denies, even if a later one would have matched: its author meant to be asked.
 */
export function decide(
  version: string,
  kind: PolicyKind,
  policies: readonly CompiledPolicy[],
  facts: Readonly<Record<string, unknown>>,
): Decision {
  if (!Object.hasOwn(factTypes, kind)) return failed(version, 'no such kind of decision');
  const wrong = checkFacts(kind, facts);
  if (wrong !== undefined) return failed(version, wrong);
  for (const { id, effect, reason, holds } of policies) {
    try {
      if (holds(facts)) return { outcome: effect, policyId: id, reason, version };
    } catch (error) {
      return failed(version, firstLine(error), id);
    }
  }
  return { outcome: 'approve', reason: 'no policy objects', version };
}
