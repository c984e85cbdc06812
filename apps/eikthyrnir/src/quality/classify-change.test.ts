import { eikthyrnir } from '@edda/contracts';
import { describe, expect, it } from 'vitest';
import { baselineOf, classifyChange } from './classify-change.ts';
import { type Figures } from './figures.ts';

const rules = { failureStreak: 3, movedBy: 0.1 };
const figures = (overrides: Partial<Figures> = {}): Figures => ({
  responseQuality: { mean: 0.8, lowerBound: 0.7 },
  reliability: { mean: 0.8, lowerBound: 0.7 },
  availability: { mean: 0.8, lowerBound: 0.7 },
  ttftMeanMs: 500,
  tokensPerSecond: 10,
  meteringDeviationBps: 0,
  effectiveCount: 3,
  failureStreak: 0,
  ...overrides,
});
const baseline = baselineOf(figures());
const classify = (now: Figures, overrides = {}) =>
  classifyChange({ figures: now, streakBefore: 0, baseline, wentOffline: false, ...overrides }, rules);
const { UNSPECIFIED, FAILURE_STREAK, MOVED, OFFLINE, NEW } = eikthyrnir.QualityChange;

describe('important changes publish at once (domain.md, Quality)', () => {
  it('a small one waits for the batch', () => {
    expect(classify(figures({ reliability: { mean: 0.7001, lowerBound: 0 } }))).toBe(UNSPECIFIED);
  });
  it('any figure that moved by more than the threshold does not', () => {
    for (const name of ['responseQuality', 'reliability', 'availability'] as const) {
      expect(classify(figures({ [name]: { mean: 0.69, lowerBound: 0 } }))).toBe(MOVED);
    }
  });
  it('latency moves by its score 500 / (500 + ms)', () => {
    expect(classify(figures({ ttftMeanMs: 700 }))).toBe(UNSPECIFIED);
    expect(classify(figures({ ttftMeanMs: 800 }))).toBe(MOVED);
  });
  it('a streak does while it grows from the threshold on', () => {
    expect(classify(figures({ failureStreak: 2 }), { streakBefore: 1 })).toBe(UNSPECIFIED);
    expect(classify(figures({ failureStreak: 3 }), { streakBefore: 2 })).toBe(FAILURE_STREAK);
    expect(classify(figures({ failureStreak: 3 }), { streakBefore: 3 })).toBe(UNSPECIFIED);
  });
  it('so do first figures, and going offline above all', () => {
    expect(classify(figures(), { baseline: undefined })).toBe(NEW);
    expect(classify(figures({ failureStreak: 9 }), { wentOffline: true, baseline: undefined })).toBe(OFFLINE);
  });
});
