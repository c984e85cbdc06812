import { Fault } from '@edda/faults';

/** What the requester wrote, by the names of PreAuthorize's fields. */
const writtenByRequester: Readonly<Record<string, string>> = {
  model: 'parameters.model',
  max_output_tokens: 'parameters.max_output_tokens',
  max_cost_cents: 'parameters.max_cost_cents',
};

/** Heidrun's refusal of a hold for its requester: of PreAuthorize's fields only those that the requester wrote. */
export function inRequestersTerms(error: unknown): unknown {
  if (!(error instanceof Fault) || error.violations.length === 0) return error;
  const violations = error.violations.flatMap(({ field, description }) => {
    const own = writtenByRequester[field];
    return own === undefined ? [] : [{ field: own, description }];
  });
  const { kind, reason, message, domain, metadata, retryAfterMs, cause } = error;
  return new Fault(kind, reason, message, {
    ...{ domain, metadata, violations, cause },
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}
