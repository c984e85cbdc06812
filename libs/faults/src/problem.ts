import { type Fault, type FieldViolation } from './fault.ts';
import { faultKinds } from './kinds.ts';

/** An RFC 9457 problem document; `reason`, `domain`, `violations` and `metadata` are extension members. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  reason: string;
  domain: string;
  violations?: readonly FieldViolation[];
  metadata?: Readonly<Record<string, string>>;
  instance?: string;
}

/** Renders a fault as problem+json. @param instance identifies this occurrence, e.g. `urn:request:<id>` */
export function toProblem(fault: Fault, instance?: string): Problem {
  return {
    type: `urn:edda:fault:${fault.domain}:${fault.reason.toLowerCase()}`,
    title: faultKinds[fault.kind].title,
    status: faultKinds[fault.kind].http,
    detail: fault.message,
    reason: fault.reason,
    domain: fault.domain,
    ...(fault.violations.length > 0 && { violations: fault.violations }),
    ...(Object.keys(fault.metadata).length > 0 && { metadata: fault.metadata }),
    ...(instance !== undefined && { instance }),
  };
}
