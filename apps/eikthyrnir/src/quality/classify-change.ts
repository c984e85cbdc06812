import { eikthyrnir } from '@edda/contracts';
import { type Figures } from './figures.ts';

/** Latency that counts as half good: maps milliseconds into [0, 1] like the other figures, as routing does. */
const HALF_GOOD_TTFT_MS = 500;

/** The figures whose movement is watched: quality, reliability, availability, latency score (−1 before the first). */
export type Baseline = readonly number[];

export interface ChangeRules {
  /** A streak from this length on is published at once; from 1. */
  failureStreak: number;
  /** So is a figure that moved by more than this; 0 to 1. */
  movedBy: number;
}

/** What a write changed about one provider and model. */
export interface Change {
  figures: Figures;
  /** Failures in a row before the write. */
  streakBefore: number;
  /** The figures last published; undefined before the first time. */
  baseline: Baseline | undefined;
  /** Whether the provider was not known to be offline before, and is now. */
  wentOffline: boolean;
}

const { UNSPECIFIED, FAILURE_STREAK, MOVED, OFFLINE, NEW } = eikthyrnir.QualityChange;

export function baselineOf(figures: Figures): Baseline {
  const { responseQuality, reliability, availability, ttftMeanMs } = figures;
  const speed = ttftMeanMs === undefined ? -1 : HALF_GOOD_TTFT_MS / (HALF_GOOD_TTFT_MS + ttftMeanMs);
  return [responseQuality.mean, reliability.mean, availability.mean, speed];
}

/** Why a change must be published at once, the weightiest reason first; UNSPECIFIED when a batch will do. */
export function classifyChange(change: Change, rules: ChangeRules): eikthyrnir.QualityChange {
  const { figures, baseline, streakBefore } = change;
  if (change.wentOffline) return OFFLINE;
  if (figures.failureStreak >= rules.failureStreak && figures.failureStreak > streakBefore) return FAILURE_STREAK;
  if (baseline === undefined) return NEW;
  const now = baselineOf(figures);
  const moved = now.some((value, index) => {
    const before = baseline[index] ?? -1;
    // A first latency is news for the next batch: there is nothing it moved from.
    return before >= 0 && value >= 0 && Math.abs(value - before) > rules.movedBy;
  });
  return moved ? MOVED : UNSPECIFIED;
}
