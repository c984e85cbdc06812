import { eikthyrnir } from '@edda/contracts';
import { describe, expect, it } from 'vitest';
import { answerScore } from './answer-score.ts';
import { samplesOf } from './samples-of.ts';

const told = (given: Parameters<typeof eikthyrnir.Observation.fromPartial>[0]) =>
  Object.fromEntries(
    samplesOf(eikthyrnir.Observation.fromPartial(given)).map((s) => [s.dimension, [s.value, s.weight]]),
  );
const { SUCCESS, PROVIDER_FAULT, TRANSIENT, NO_CAPACITY, CANCELLED, BAD_REQUEST, ONLINE, OFFLINE } =
  eikthyrnir.ObservationOutcome;

describe('what an observation tells (domain.md, errors are classified before anyone is penalised)', () => {
  it.each([
    ['success', SUCCESS, { reliability: [1, 1], availability: [1, 1] }],
    ['a fault', PROVIDER_FAULT, { reliability: [0, 1] }],
    ['a transient error, half a fault', TRANSIENT, { reliability: [0, 0.5] }],
    ['full: up, and no failure', NO_CAPACITY, { availability: [1, 1] }],
    ['cancelled', CANCELLED, {}],
    ['bad request', BAD_REQUEST, {}],
    ['online', ONLINE, { availability: [1, 1] }],
    ['offline', OFFLINE, { availability: [0, 1] }],
  ])('%s', (_, outcome, expected) => {
    expect(told({ outcome })).toEqual(expected);
  });

  it('latency in ms and tokens per second, of a cancelled attempt too, not of a bad request', () => {
    const measured = { ttftMs: 250, tokensPerSecondMilli: 42_500n };
    expect(told({ outcome: CANCELLED, ...measured })).toEqual({ ttftMs: [250, 1], tokensPerSecond: [42.5, 1] });
    expect(told({ outcome: BAD_REQUEST, ...measured })).toEqual({});
  });

  it('takes no impossible speed for a measurement, and a deviation by its size', () => {
    const checks = { impossibleSpeed: true, meteringDeviationBps: -200 };
    const samples = told({ outcome: SUCCESS, tokensPerSecondMilli: 9_000_000n, checks });
    expect(samples).not.toHaveProperty('tokensPerSecond');
    expect(samples).toMatchObject({ meteringDeviation: [200, 1], responseQuality: [0.25, 1] });
  });
});

describe('answerScore (domain.md, automatic checks)', () => {
  it.each([
    [{}, 1],
    [{ empty: true, knownAnswerScore: 1 }, 0],
    [{ truncated: true }, 0.5],
    [{ malformedJson: true }, 0.25],
    [{ impossibleSpeed: true }, 0.25],
    [{ knownAnswerScore: 0.8 }, 0.8],
    [{ repetitionRatio: 0.2 }, 1],
    [{ repetitionRatio: 0.05 }, 0.25],
    [{ meteringDeviationBps: 300 }, 1],
    [{ meteringDeviationBps: -650 }, 0.75],
    [{ meteringDeviationBps: 5_000 }, 0.5],
    [{ truncated: true, malformedJson: true }, 0.125],
  ])('%j is worth %d', (checks, score) => {
    expect(answerScore(eikthyrnir.AnswerChecks.fromPartial(checks))).toBeCloseTo(score, 12);
  });
});
