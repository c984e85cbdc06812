import { Fault } from '@edda/faults';
import { expect, it } from 'vitest';
import { inOpenAiTerms } from './in-openai-terms.ts';

it('names fields as OpenAI does and keeps everything else of the fault, the time to wait included', () => {
  const cause = new Error('underneath');
  const violations = [
    { field: 'parameters.max_output_tokens', description: 'is 0' },
    { field: 'parameters.preferences.min_quality', description: 'is above 1' },
  ];
  const given = new Fault('exhausted', 'QUOTA_EXHAUSTED', 'parameters.max_output_tokens: too many', {
    ...{ domain: 'njordr.edda', metadata: { limit: '5' }, violations, cause, retryAfterMs: 1_500 },
  });
  const translated = inOpenAiTerms(given);
  expect(translated).toBeInstanceOf(Fault);
  expect(translated).toMatchObject({
    ...{ kind: 'exhausted', reason: 'QUOTA_EXHAUSTED', domain: 'njordr.edda', metadata: { limit: '5' }, cause },
    message: 'max_output_tokens: too many',
    retryAfterMs: 1_500,
    violations: [
      { field: 'max_tokens', description: 'is 0' },
      { field: 'preferences.min_quality', description: 'is above 1' },
    ],
  });
});

it('leaves alone what names no field', () => {
  for (const error of [new Error('no fault'), new Fault('internal', 'INTERNAL', 'generic')]) {
    expect(inOpenAiTerms(error)).toBe(error);
  }
});
