import { commonFaults } from './common-faults.ts';
import { type Fault, type FieldViolation } from './fault.ts';

/** An `invalid` fault naming every rejected field; the message repeats the first few for people. */
export function invalidInput(violations: readonly FieldViolation[]): Fault {
  const shown = violations.slice(0, 3).map((v) => `${v.field}: ${v.description}`);
  const more = violations.length > shown.length ? ` (and ${violations.length - shown.length} more)` : '';
  return commonFaults.INVALID_INPUT(shown.join('; ') + more, { violations });
}
