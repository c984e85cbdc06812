import { describe, expect, it } from 'vitest';
import { answerChecks, type CheckedAnswer, repetitionRatio, tokensPerSecond } from './answer-checks.ts';

const good: CheckedAnswer = {
  content: 'fine',
  hasOutput: true,
  jsonAsked: false,
  brokenOff: false,
  outputTokens: 100,
  claimedOutputTokens: undefined,
  writingMs: 1_000,
  impossibleTokensPerSecond: 1_000,
};

describe('domain.md, quality: automatic checks', () => {
  it('find nothing wrong with an ordinary answer', () => {
    expect(answerChecks(good)).toEqual({
      empty: false,
      truncated: false,
      malformedJson: false,
      impossibleSpeed: false,
    });
  });

  it('empty and truncated', () => {
    expect(answerChecks({ ...good, hasOutput: false }).empty).toBe(true);
    expect(answerChecks({ ...good, brokenOff: true }).truncated).toBe(true);
  });

  it('repetition by compression ratio, only for answers long enough', () => {
    expect(repetitionRatio('short')).toBeUndefined();
    expect(repetitionRatio('again and again '.repeat(50))).toBeLessThan(0.1);
    const prose = Array.from({ length: 400 }, (_, index) => ((index * 7919) % 104_729).toString(36)).join(' ');
    expect(repetitionRatio(prose)).toBeGreaterThan(0.3);
  });

  it('malformed JSON only where JSON was asked for', () => {
    expect(answerChecks({ ...good, jsonAsked: true }).malformedJson).toBe(true);
    expect(answerChecks({ ...good, jsonAsked: true, content: '{"a":1}' }).malformedJson).toBe(false);
  });

  it('metering deviation in basis points, with its sign', () => {
    expect(answerChecks({ ...good, claimedOutputTokens: 110n }).meteringDeviationBps).toBe(1_000);
    expect(answerChecks({ ...good, claimedOutputTokens: 50n }).meteringDeviationBps).toBe(-5_000);
    expect(answerChecks({ ...good, claimedOutputTokens: 10n ** 12n }).meteringDeviationBps).toBe(2 ** 31 - 1);
  });

  it('impossible speed, where the span can be measured', () => {
    expect(answerChecks({ ...good, outputTokens: 1_001 }).impossibleSpeed).toBe(true);
    expect(answerChecks({ ...good, outputTokens: 1_001, writingMs: 1 }).impossibleSpeed).toBe(false);
    expect(tokensPerSecond(100, 19)).toBeUndefined();
  });
});
