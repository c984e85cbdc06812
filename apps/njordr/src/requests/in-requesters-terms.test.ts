import { Fault } from '@edda/faults';
import { expect, it } from 'vitest';
import { inRequestersTerms } from './in-requesters-terms.ts';

it('names what the requester wrote as the requester wrote it, and nothing that we added', () => {
  const refusal = new Fault('precondition', 'MAX_COST_EXCEEDED', 'too dear', {
    domain: 'heidrun.edda',
    metadata: { max_cost_cents: '3' },
    retryAfterMs: 5,
    violations: [
      { field: 'max_cost_cents', description: 'is below the estimate' },
      { field: 'requester_id', description: 'has 2 cents' },
    ],
  });
  const { kind, reason, message, domain, metadata, retryAfterMs } = refusal;
  expect(inRequestersTerms(refusal)).toMatchObject({
    ...{ kind, reason, message, domain, metadata, retryAfterMs },
    violations: [{ field: 'parameters.max_cost_cents', description: 'is below the estimate' }],
  });
});

it('leaves alone what names no field, and what is no fault', () => {
  const plain = new Fault('unavailable', 'DEPENDENCY_UNAVAILABLE', 'gone');
  expect(inRequestersTerms(plain)).toBe(plain);
  expect(inRequestersTerms('text')).toBe('text');
});

it('keeps for the log what only we can have written wrong', () => {
  const refusal = new Fault('invalid', 'INVALID_INPUT', 'ttl_seconds: must be at most 800', {
    violations: [{ field: 'ttl_seconds', description: 'must be at most 800' }],
  });
  expect(inRequestersTerms(refusal)).toMatchObject({ reason: 'INTERNAL', violations: [], cause: refusal });
});
