import { commonFaults } from '@edda/faults';

/** @throws IDEMPOTENCY_CONFLICT unless both hashes are of the same request */
export function assertSameRequest(known: string, given: string): void {
  if (known === given) return;
  throw commonFaults.IDEMPOTENCY_CONFLICT('The idempotency key was used before with other content.');
}
