import { type ASTNode, Environment } from '@marcbachmann/cel-js';
import { factTypes, type PolicyKind } from './facts.ts';
import { policyLimits } from './limits.ts';

/** A checked rule; gives the condition’s value for some facts, or throws what CEL calls an evaluation error. */
export type CompiledRule = (facts: Readonly<Record<string, unknown>>) => boolean;

/** Iterating macros: one may not contain another, or a small rule could run for hours. */
const macros = new Set(['all', 'exists', 'exists_one', 'map', 'filter']);

/**
 * Functions a rule may not call. `matches` runs JavaScript’s regular expressions, which can take exponential
 * time where CEL promises linear; `bind` lets a short rule double a text over and over.
 */
const refusedCalls = new Map([
  ['matches', 'use startsWith, endsWith or contains'],
  ['bind', 'write the expression out'],
]);

/** An environment that knows exactly the facts of this kind: a misspelt fact fails when the rule is compiled. */
export function createEnvironment(kind: PolicyKind): Environment {
  const environment = new Environment({
    limits: {
      maxAstNodes: policyLimits.maxRuleNodes,
      maxDepth: policyLimits.maxRuleDepth,
      maxListElements: policyLimits.maxLiteralItems,
      maxMapEntries: policyLimits.maxLiteralItems,
    },
  });
  for (const [name, type] of Object.entries(factTypes[kind])) environment.registerVariable(name, type);
  return environment;
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
}

function calledName(node: ASTNode): string | undefined {
  return node.op === 'call' || node.op === 'rcall' ? node.args[0] : undefined;
}

function childrenOf(args: unknown): ASTNode[] {
  if (isNode(args)) return [args];
  return Array.isArray(args) ? args.flatMap(childrenOf) : [];
}

function complaintAbout(node: ASTNode, insideMacro: boolean): string | undefined {
  const name = calledName(node);
  const refused = name === undefined ? undefined : refusedCalls.get(name);
  if (refused !== undefined) return `${name}() is not allowed: ${refused}`;
  const isMacro = node.op === 'rcall' && macros.has(node.args[0]);
  if (isMacro && insideMacro) return `${name}() may not stand inside another iteration`;
  for (const child of childrenOf(node.args)) {
    const complaint = complaintAbout(child, insideMacro || isMacro);
    if (complaint !== undefined) return complaint;
  }
  return undefined;
}

/** The first line of an error: what is wrong, without the drawing of where. */
export function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
}

/** Parses, type-checks and bounds a rule. @returns the rule, or what is wrong with it as text */
export function compileRule(environment: Environment, rule: string): CompiledRule | string {
  if (rule.length > policyLimits.maxRuleLength)
    return `the rule is longer than ${policyLimits.maxRuleLength} characters`;
  try {
    const parsed = environment.parse(rule);
    const check = parsed.check();
    if (!check.valid) return firstLine(check.error);
    if (check.type !== 'bool') return `the rule must be a condition (bool), not ${check.type}`;
    const complaint = complaintAbout(parsed.ast, false);
    if (complaint !== undefined) return complaint;
    return (facts) => {
      const value: unknown = parsed(facts);
      if (typeof value !== 'boolean') throw new TypeError('the rule gave no boolean');
      return value;
    };
  } catch (error) {
    return firstLine(error);
  }
}
