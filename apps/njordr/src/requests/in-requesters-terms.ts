import { commonFaults, Fault } from '@edda/faults';

/** What the requester wrote, by the names of PreAuthorize's fields. */
const writtenByRequester: Readonly<Record<string, string>> = {
  model: 'parameters.model',
  max_output_tokens: 'parameters.max_output_tokens',
  max_cost_cents: 'parameters.max_cost_cents',
};

/**
 * Heidrun's refusal of a hold for its requester: of PreAuthorize's fields only those that the requester wrote. What
 * is wrong with the others, as when Heidrun's settings allow less than ours ask for, is no requester's to mend.
 */
export function inRequestersTerms(error: unknown): unknown {
  if (!(error instanceof Fault) || error.violations.length === 0) return error;
  const violations = error.violations.flatMap(({ field, description }) => {
    const own = writtenByRequester[field];
    return own === undefined ? [] : [{ field: own, description }];
  });
  if (error.kind === 'invalid' && violations.length === 0) {
    return commonFaults.INTERNAL('Heidrun refuses what we ask for.', { cause: error });
  }
  const { kind, reason, message, domain, metadata, retryAfterMs, cause } = error;
  return new Fault(kind, reason, message, {
    ...{ domain, metadata, violations, cause },
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}
