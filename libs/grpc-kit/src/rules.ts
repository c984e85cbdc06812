import { commonFaults } from '@edda/faults';
import { type ServiceEntry } from './implement.ts';
import { type Identity, type Role } from './identity.ts';

/** Who may call one method. */
export interface MethodRule {
  /** One of these roles is needed: of the token itself or, with edda-act-as, of the user acted for. */
  roles: readonly Role[];
  /** Narrows to these token subjects (with edda-act-as: the acting service), e.g. only Njörðr captures money. */
  subjects?: readonly string[];
  /** No token needed; one that is sent is still verified. */
  public?: boolean;
  /** A stream without a deadline; ends with TOKEN_EXPIRED when the token does, so that the peer reconnects. */
  longLived?: boolean;
  /** Long-lived only: ends with DRAINING as soon as the server drains; true by default. */
  endsOnDrain?: boolean;
}

/** Full method path (`/edda.heidrun.v1.PreAuthService/CapturePreAuth`) → rule. What has no row is denied. */
export type RulesTable = Readonly<Record<string, MethodRule>>;

/** @throws ROLE_FORBIDDEN unless the rule lets this caller in; `caller` is the token's own identity */
export function authorize(rule: MethodRule | undefined, caller: Identity, effective: Identity): void {
  if (rule === undefined) throw commonFaults.ROLE_FORBIDDEN('This method is not open to anybody.');
  if (rule.public === true) return;
  if (!rule.roles.some((role) => caller.roles.has(role) || effective.roles.has(role))) {
    throw commonFaults.ROLE_FORBIDDEN(`This method needs one of the roles: ${rule.roles.join(', ')}.`);
  }
  if (rule.subjects !== undefined && !rule.subjects.includes(caller.subject)) {
    throw commonFaults.ROLE_FORBIDDEN('This method is reserved for other callers.');
  }
}

/**
 * For each service's test that its table is complete.
 * @throws Error naming every method without a row, every row without a method, every row nobody can pass
 */
export function assertRulesComplete(services: readonly ServiceEntry[], rules: RulesTable): void {
  const methods = new Set(services.flatMap((entry) => Object.values(entry.definition).map((method) => method.path)));
  const problems = [
    ...[...methods].filter((path) => rules[path] === undefined).map((path) => `no row for ${path}`),
    ...Object.keys(rules)
      .filter((path) => !methods.has(path))
      .map((path) => `a row for ${path}, which is not served`),
    ...Object.entries(rules)
      .filter(([, rule]) => rule.roles.length === 0 && rule.public !== true)
      .map(([path]) => `the row of ${path} lets nobody in`),
  ];
  if (problems.length > 0) throw new Error(`rules table incomplete: ${problems.join('; ')}`);
}
