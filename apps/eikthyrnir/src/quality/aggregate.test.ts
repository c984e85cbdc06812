import { eikthyrnir } from '@edda/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Aggregate, emptyAggregate, observe } from './aggregate.ts';
import { figuresAt } from './figures.ts';
import { samplesOf } from './samples-of.ts';

const hour = 3_600_000;
const weighing = { halfLifeMs: 24 * hour, priorCount: 5 };
const start = Date.UTC(2026, 0, 10);

const observations = fc.array(
  fc.record({
    at: fc.integer({ min: start - 200 * hour, max: start }),
    outcome: fc.integer({ min: 1, max: 8 }) as fc.Arbitrary<eikthyrnir.ObservationOutcome>,
    ttftMs: fc.option(fc.integer({ min: 0, max: 60_000 }), { nil: undefined }),
    empty: fc.boolean(),
    truncated: fc.boolean(),
  }),
  { maxLength: 40 },
);

type Given = (typeof observations extends fc.Arbitrary<infer List> ? List : never)[number];

function observation(given: Given) {
  return eikthyrnir.Observation.fromPartial({
    outcome: given.outcome,
    occurredAt: new Date(given.at),
    ttftMs: given.ttftMs,
    checks: { empty: given.empty, truncated: given.truncated },
  });
}

/** The definition, straight from the raw observations. */
function naive(raw: readonly eikthyrnir.Observation[], dimension: string, at: number) {
  const weighed = raw.flatMap((o) =>
    samplesOf(o)
      .filter((sample) => sample.dimension === dimension)
      .map(({ value, weight }) => ({
        x: value,
        w: weight * 2 ** (-(at - Number(o.occurredAt)) / weighing.halfLifeMs),
      })),
  );
  // A neutral observation is half a 0 and half a 1.
  const halves = Array.from({ length: 5 }, () => [0, 1]).flat();
  const w = weighed.reduce((sum, s) => sum + s.w, 0) + 5;
  const mean = (weighed.reduce((sum, s) => sum + s.w * s.x, 0) + 2.5) / w;
  const variance =
    (weighed.reduce((sum, s) => sum + s.w * (s.x - mean) ** 2, 0) +
      halves.reduce((sum, x) => sum + 0.5 * (x - mean) ** 2, 0)) /
    w;
  const squares = weighed.reduce((sum, s) => sum + s.w * s.w, 0) + 5;
  return { mean, lowerBound: Math.max(0, mean - Math.sqrt((variance * squares) / (w * w))) };
}

const fold = (raw: readonly eikthyrnir.Observation[], into: Aggregate = emptyAggregate) =>
  raw.reduce((aggregate, o) => observe(aggregate, o, weighing.halfLifeMs), into);

describe('decayed aggregation (domain.md, Quality)', () => {
  it('equals a recomputation from the raw observations, in any order of arrival', () => {
    fc.assert(
      fc.property(observations, fc.integer({ min: 0, max: 100 * hour }), (given, later) => {
        const raw = given.map(observation);
        const at = start + later;
        const figures = figuresAt(fold(raw), emptyAggregate, at, weighing);
        for (const dimension of ['responseQuality', 'reliability', 'availability'] as const) {
          const expected = naive(raw, dimension, at);
          expect(figures[dimension].mean).toBeCloseTo(expected.mean, 9);
          expect(figures[dimension].lowerBound).toBeCloseTo(expected.lowerBound, 6);
        }
      }),
    );
  });

  it('counts failures in a row by their times, not their arrival', () => {
    fc.assert(
      fc.property(observations, (given) => {
        const raw = given.map(observation);
        const lastSuccess = Math.max(-1, ...given.filter((o) => o.outcome === 1).map((o) => o.at));
        const expected = given.filter((o) => (o.outcome === 2 || o.outcome === 3) && o.at > lastSuccess).length;
        expect(fold(raw).streak.failures).toHaveLength(expected);
        expect(fold(raw.toReversed()).streak.failures).toHaveLength(expected);
      }),
    );
  });

  it('a success weighs half after one half-life', () => {
    const raw = observation({ at: start, outcome: 1, ttftMs: 200, empty: false, truncated: false });
    expect(figuresAt(fold([raw]), emptyAggregate, start + 24 * hour, weighing).effectiveCount).toBeCloseTo(0.5, 12);
  });

  it('keeps a newcomer at the prior: mean 0.5, lower bound 0.5 − √(0.25 / 5)', () => {
    const { reliability, ttftMeanMs, effectiveCount } = figuresAt(emptyAggregate, emptyAggregate, start, weighing);
    expect(reliability.mean).toBe(0.5);
    expect(reliability.lowerBound).toBeCloseTo(0.276393, 6);
    expect([ttftMeanMs, effectiveCount]).toEqual([undefined, 0]);
  });

  it('gives the README’s worked example', () => {
    const at = (age: number, outcome: eikthyrnir.ObservationOutcome) =>
      observation({ at: start - age * hour, outcome, ttftMs: 400, empty: false, truncated: false });
    const { reliability, effectiveCount } = figuresAt(
      fold([at(0, 1), at(24, 1), at(48, 2)]),
      emptyAggregate,
      start,
      weighing,
    );
    expect(effectiveCount).toBe(1.75);
    expect(reliability.mean).toBeCloseTo(0.5926, 4);
    expect(reliability.lowerBound).toBeCloseTo(0.4097, 4);
  });

  it('forgets everything after years of silence without dividing by nothing', () => {
    const raw = observation({ at: start, outcome: 2, ttftMs: 9, empty: true, truncated: false });
    const figures = figuresAt(fold([raw]), emptyAggregate, start + 100_000 * hour, weighing);
    expect(figures).toMatchObject({ effectiveCount: 0, ttftMeanMs: undefined, reliability: { mean: 0.5 } });
  });

  it('presence: the latest sample counts, offline when two share an instant', () => {
    const sample = (at: number, outcome: eikthyrnir.ObservationOutcome) =>
      observation({ at, outcome, ttftMs: undefined, empty: false, truncated: false });
    expect(fold([sample(start, 8), sample(start - 1, 7)]).presence?.online).toBe(false);
    expect(fold([sample(start, 8), sample(start, 7)]).presence?.online).toBe(false);
    expect(fold([sample(start, 8), sample(start + 1, 7)]).presence?.online).toBe(true);
  });
});
