import { type eikthyrnir } from '@edda/contracts';

/** Below this compression ratio an answer repeats itself; ordinary prose lies between 0.35 and 0.7. */
const REPETITIVE_BELOW = 0.2;
/** A claim this far off is rounding between tokenizers (3 %); from the second bound on it is wrong (10 %). */
const DEVIATION_TOLERATED_BPS = 300;
const DEVIATION_WRONG_BPS = 1_000;

/** What remains of the score after a finding. */
const remains = { truncated: 0.5, malformedJson: 0.25, wrongMetering: 0.5, impossibleSpeed: 0.25 } as const;

/**
 * How good an answer was by its automatic checks; 0 to 1. An empty answer is worth 0; otherwise 1 (a probe: how well
 * it met the known answer) times what each finding leaves: truncated ½, malformed JSON ¼, impossible speed ¼,
 * repetition in proportion below a ratio of 0.2, metering deviation down to ½ between 3 % and 10 %.
 */
export function answerScore(checks: eikthyrnir.AnswerChecks): number {
  if (checks.empty) return 0;
  let score = checks.knownAnswerScore ?? 1;
  if (checks.truncated) score *= remains.truncated;
  if (checks.malformedJson) score *= remains.malformedJson;
  if (checks.impossibleSpeed) score *= remains.impossibleSpeed;
  if (checks.repetitionRatio !== undefined) score *= Math.min(1, checks.repetitionRatio / REPETITIVE_BELOW);
  return score * meteringFactor(checks.meteringDeviationBps ?? 0);
}

function meteringFactor(deviationBps: number): number {
  const excess = Math.abs(deviationBps) - DEVIATION_TOLERATED_BPS;
  const share = Math.min(1, Math.max(0, excess / (DEVIATION_WRONG_BPS - DEVIATION_TOLERATED_BPS)));
  return 1 - share * (1 - remains.wrongMetering);
}
