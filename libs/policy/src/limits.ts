/**
 * Bounds on what a policy author may ask of every request. With one level of iteration over at most
 * `maxListFact` items and `maxRuleNodes` nodes, a rule’s work is bounded by their product.
 */
export const policyLimits = {
  maxPolicies: 500,
  maxRuleLength: 2_000,
  maxRuleNodes: 200,
  maxRuleDepth: 24,
  maxLiteralItems: 100,
  maxReasonLength: 500,
  maxListFact: 1_000,
  maxTextFact: 4_096,
} as const;
