import { type FactType, factTypes, type PolicyKind } from './facts.ts';
import { policyLimits } from './limits.ts';

const int64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n } as const;

function isShortText(value: unknown): boolean {
  return typeof value === 'string' && value.length <= policyLimits.maxTextFact;
}

function fits(type: FactType, value: unknown): boolean {
  switch (type) {
    case 'int':
      return typeof value === 'bigint' && value >= int64.min && value <= int64.max;
    case 'string':
      return isShortText(value);
    case 'bool':
      return typeof value === 'boolean';
    case 'list<string>':
      return Array.isArray(value) && value.length <= policyLimits.maxListFact && value.every(isShortText);
  }
}

/**
 * Whether the facts are complete, of their types and within bounds: a rule that happens not to touch a missing
 * fact must not approve. @returns the first fact that is wrong, or undefined
 */
export function checkFacts(kind: PolicyKind, facts: Readonly<Record<string, unknown>>): string | undefined {
  for (const [name, type] of Object.entries(factTypes[kind])) {
    const value = Object.hasOwn(facts, name) ? facts[name] : undefined;
    if (!fits(type, value)) return `fact ${name} is missing, no ${type}, or too large`;
  }
  return undefined;
}
