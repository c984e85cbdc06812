import { Fault } from '@edda/faults';

const namesHere: Readonly<Record<string, string>> = {
  max_output_tokens: 'max_tokens',
  max_cost_cents: 'edda.max_cost_cents',
};

/** The same fault with the execution's fields under the names they have in OpenAI's requests; others stay as they are. */
export function inOpenAiTerms(error: unknown): unknown {
  if (!(error instanceof Fault) || error.violations.length === 0) return error;
  const violations = error.violations.map(({ field, description }) => {
    const own = field.replace(/^parameters\./, '');
    return { field: namesHere[own] ?? own, description };
  });
  const { kind, reason, domain, metadata, cause, retryAfterMs } = error;
  return new Fault(kind, reason, error.message.replaceAll('parameters.', ''), {
    ...{ domain, metadata, violations, cause },
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}
