import { common } from '@edda/contracts';
import { describe, expect, it } from 'vitest';
import { type AttemptFacts, judgeAttempt } from './judge-attempt.ts';
import { type AttemptEnd } from './run-attempt.ts';

const Finish = common.FinishReason;
const judge = (end: AttemptEnd, facts: Partial<AttemptFacts> = {}) =>
  judgeAttempt({ end, delivered: true, tries: 1, budgetIsMoney: false, ...facts });
const failed = (errorClass: 'no-capacity' | 'transient' | 'fault' | 'bad-request'): AttemptEnd => ({
  how: 'failed',
  errorClass,
  message: 'why',
});
const before = { delivered: false };

describe('domain.md, transaction: who pays what', () => {
  it('completed: everything is billed', () => {
    expect(judge({ how: 'done', finishReason: Finish.STOP })).toEqual({
      next: 'complete',
      finishReason: Finish.STOP,
      costLimited: false,
      billInput: true,
    });
  });

  it('cancelled before the first token: nothing; after it: input and what was delivered', () => {
    expect(judge({ how: 'called-off', why: 'requester' }, before)).toEqual({ next: 'cancel' });
    expect(judge({ how: 'called-off', why: 'requester' })).toMatchObject({
      finishReason: Finish.CANCELLED,
      billInput: true,
    });
  });

  it('a provider that fails after the first token: the delivered output, no input', () => {
    for (const errorClass of ['no-capacity', 'transient', 'fault', 'bad-request'] as const) {
      expect(judge(failed(errorClass))).toMatchObject({ finishReason: Finish.PROVIDER_FAILED, billInput: false });
    }
  });

  it('an empty answer: nothing', () => {
    expect(judge({ how: 'done', finishReason: Finish.STOP }, before)).toMatchObject({
      fault: { reason: 'EMPTY_ANSWER' },
    });
  });

  it('cut at the hold: length, and cost_limited where money was the limit', () => {
    expect(judge({ how: 'limit' }, { budgetIsMoney: true })).toMatchObject({
      finishReason: Finish.LENGTH,
      costLimited: true,
    });
    expect(judge({ how: 'limit' })).toMatchObject({ finishReason: Finish.LENGTH, costLimited: false });
  });

  it('our own fault after delivery is billed as delivered', () => {
    expect(judge({ how: 'called-off', why: 'shutdown' })).toMatchObject({ finishReason: Finish.RECOVERED });
    expect(judge({ how: 'called-off', why: 'shutdown' }, before)).toMatchObject({ fault: { reason: 'DRAINING' } });
  });

  it('the deadline before the first token fails the request', () => {
    expect(judge({ how: 'called-off', why: 'deadline' }, before)).toMatchObject({
      fault: { reason: 'DEADLINE_EXCEEDED' },
    });
  });
});

describe('domain.md, routing 5: error classes before the first token', () => {
  it.each([
    ['no-capacity', 1, 'next-provider'],
    ['transient', 1, 'same-provider'],
    ['transient', 2, 'next-provider'],
    ['fault', 1, 'next-provider'],
    ['bad-request', 1, 'fail'],
  ] as const)('%s, asked %i times: %s', (errorClass, tries, next) => {
    expect(judge(failed(errorClass), { ...before, tries }).next).toBe(next);
  });
});
