import { commonFaults } from './common-faults.ts';
import { Fault } from './fault.ts';

/**
 * The one funnel for unknown errors: a Fault stays as it is, everything else becomes INTERNAL
 * with a generic text, the original kept as `cause` for the log.
 */
export function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  return commonFaults.INTERNAL('Something failed on our side.', { cause: error });
}
