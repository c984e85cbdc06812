import { common, njordr } from '@edda/contracts';
import { type JobErrorClass, type JobEvent } from './link-hub.ts';

/** Most bytes of each text of a chunk, as the contract says. */
const MAX_CHUNK_BYTES = 65_536;
const MAX_TOOL_CALLS = 64;
/** Calls are collected by their index, so it must not leave gaps that cost time or memory. */
const MAX_TOOL_INDEX = 127;
const MAX_CLAIM = 10n ** 12n;
const MAX_MESSAGE_LENGTH = 1_000;

/** An agent’s error classes as the market knows them; FAULT and unknown ones are not listed. */
export const errorClasses: Readonly<Record<number, JobErrorClass>> = {
  [njordr.JobErrorClass.NO_CAPACITY]: 'no-capacity',
  [njordr.JobErrorClass.TRANSIENT]: 'transient',
  [njordr.JobErrorClass.BAD_REQUEST]: 'bad-request',
};

const finishReasons: ReadonlySet<number> = new Set([
  common.FinishReason.STOP,
  common.FinishReason.LENGTH,
  common.FinishReason.TOOL_CALLS,
  common.FinishReason.CONTENT_FILTER,
  common.FinishReason.CANCELLED,
]);

/** Bytes of answer in a chunk. */
export function chunkBytes(chunk: njordr.Chunk): number {
  const tools = chunk.toolCalls.reduce((sum, call) => sum + njordr.ToolCallDelta.encode(call).finish().length, 0);
  return Buffer.byteLength(chunk.content) + Buffer.byteLength(chunk.reasoning) + tools;
}

/** What is wrong with a chunk on its own; undefined when nothing is. */
export function chunkProblem(chunk: njordr.Chunk): string | undefined {
  if (Buffer.byteLength(chunk.content) > MAX_CHUNK_BYTES) return 'a chunk’s content is larger than 65,536 bytes';
  if (Buffer.byteLength(chunk.reasoning) > MAX_CHUNK_BYTES) return 'a chunk’s reasoning is larger than 65,536 bytes';
  if (chunk.toolCalls.length > MAX_TOOL_CALLS) return 'a chunk has more than 64 pieces of tool calls';
  if (chunk.toolCalls.some(({ index }) => index < 0 || index > MAX_TOOL_INDEX)) {
    return `the index of a tool call is not from 0 to ${MAX_TOOL_INDEX}`;
  }
  return undefined;
}

/** What is wrong with the end of a job that delivered chunks up to `lastSequence`; undefined when nothing is. */
export function doneProblem(done: njordr.Done, lastSequence: bigint): string | undefined {
  if (done.lastSequence !== lastSequence)
    return `done names ${done.lastSequence} as the last chunk, not ${lastSequence}`;
  if (!finishReasons.has(done.finishReason)) return 'done has no usable finish reason';
  const claims = [done.claimedInputTokens, done.claimedOutputTokens];
  if (claims.some((claim) => claim !== undefined && (claim < 0n || claim > MAX_CLAIM))) {
    return 'claimed tokens are out of range';
  }
  return undefined;
}

/** An agent's own words: short, and without control characters, of which PostgreSQL cannot even store NUL. */
export function plainText(text: string): string {
  return text
    .slice(0, MAX_MESSAGE_LENGTH)
    .toWellFormed()
    .replaceAll(/\p{Cc}/gu, ' ');
}

/** How a job that the agent reports as broken is to be judged; unknown classes count as fault. */
export function failureOf(failed: njordr.JobFailed): JobEvent {
  return {
    type: 'failed',
    errorClass: errorClasses[failed.errorClass] ?? 'fault',
    message: plainText(failed.message),
    quoted: true,
  };
}

/** A job that is not taken goes to the next candidate without penalty, unless nobody could serve it. */
export function rejectionOf(rejected: njordr.JobRejected): JobEvent {
  const badRequest = rejected.reason === njordr.JobRejectionReason.BAD_REQUEST;
  return {
    type: 'failed',
    errorClass: badRequest ? 'bad-request' : 'no-capacity',
    message: plainText(rejected.message) || 'the provider does not take the job',
    quoted: true,
  };
}
