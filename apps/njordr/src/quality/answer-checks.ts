import { deflateRawSync } from 'node:zlib';
import { eikthyrnir } from '@edda/contracts';

/** Shorter answers compress badly whatever they say. */
const MIN_CHECKED_LENGTH = 256;
/** Enough to tell, and bounded: compressing it takes well below a millisecond. */
const MAX_CHECKED_LENGTH = 8_192;
/** A shorter span cannot be told from noise of the clock. */
const MIN_MEASURED_MS = 20;

export interface CheckedAnswer {
  content: string;
  /** Content, reasoning and tool calls together. */
  hasOutput: boolean;
  jsonAsked: boolean;
  /** It ended without a proper finish. */
  brokenOff: boolean;
  outputTokens: number;
  claimedOutputTokens: bigint | undefined;
  /** From the first token to the end, ms. */
  writingMs: number;
  impossibleTokensPerSecond: number;
}

/** The automatic checks of domain.md, "Quality", made here because the text must not travel. */
export function answerChecks(answer: CheckedAnswer): eikthyrnir.AnswerChecks {
  const { content, outputTokens, claimedOutputTokens, writingMs } = answer;
  const speed = tokensPerSecond(outputTokens, writingMs);
  return eikthyrnir.AnswerChecks.fromPartial({
    empty: !answer.hasOutput,
    truncated: answer.brokenOff,
    repetitionRatio: repetitionRatio(content),
    malformedJson: answer.jsonAsked && answer.hasOutput && !answer.brokenOff && !isJson(content),
    meteringDeviationBps:
      claimedOutputTokens === undefined || outputTokens === 0
        ? undefined
        : clampInt32(Math.round(((Number(claimedOutputTokens) - outputTokens) / outputTokens) * 10_000)),
    impossibleSpeed: speed !== undefined && speed > answer.impossibleTokensPerSecond,
  });
}

/** Undefined where the span is too short to measure. */
export function tokensPerSecond(tokens: number, ms: number): number | undefined {
  return ms < MIN_MEASURED_MS || tokens < 2 ? undefined : (tokens * 1_000) / ms;
}

/** Compressed size through size, at most 1; undefined for answers too short to tell. */
export function repetitionRatio(text: string): number | undefined {
  if (text.length < MIN_CHECKED_LENGTH) return undefined;
  const bytes = Buffer.from(text.slice(0, MAX_CHECKED_LENGTH));
  return Math.min(1, deflateRawSync(bytes, { level: 1 }).length / bytes.length);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function clampInt32(value: number): number {
  return Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, value));
}
