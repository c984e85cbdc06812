import { common, njordr } from '@edda/contracts';
import { type FinishReason, type Upstream, type UpstreamDone } from '../upstream/upstream.ts';
import { asUpstreamError, UpstreamError, type UpstreamErrorKind } from '../upstream/upstream-error.ts';
import { type ChunkWindow } from './chunk-window.ts';
import { splitPiece } from './split-piece.ts';
import { toUpstreamJob } from './to-upstream-job.ts';

/** How a job ended, as metrics name it. */
export type JobOutcome = 'done' | 'cancelled' | 'lost' | Lowercase<Exclude<UpstreamErrorKind, 'CANCELLED'>>;

export type Body = NonNullable<njordr.AgentMessage['body']>;

export interface RunJobOptions {
  job: njordr.Job;
  /** What the upstream calls the model. */
  model: string;
  upstream: Upstream;
  window: ChunkWindow;
  /** Resolves when the transport took the message. */
  send: (body: Body, signal: AbortSignal) => Promise<void>;
  /** Without waiting. */
  post: (body: Body) => void;
  /** Aborted with a StopReason. */
  signal: AbortSignal;
  /** The first piece of the answer is there. */
  onFirstPiece: () => void;
}

/** Why a running job is stopped from outside. */
export type StopReason = 'cancelled' | 'lost' | 'deadline';

const finishReasons: Record<FinishReason, common.FinishReason> = {
  stop: common.FinishReason.STOP,
  length: common.FinishReason.LENGTH,
  tool_calls: common.FinishReason.TOOL_CALLS,
  content_filter: common.FinishReason.CONTENT_FILTER,
};

const errorClasses: Record<Exclude<UpstreamErrorKind, 'CANCELLED'>, njordr.JobErrorClass> = {
  NO_CAPACITY: njordr.JobErrorClass.NO_CAPACITY,
  TRANSIENT: njordr.JobErrorClass.TRANSIENT,
  FAULT: njordr.JobErrorClass.FAULT,
  BAD_REQUEST: njordr.JobErrorClass.BAD_REQUEST,
};

/** Runs one accepted job to its end and tells the market about it; never throws. */
export async function runJob(options: RunJobOptions): Promise<JobOutcome> {
  const { job, post, signal } = options;
  const about = { jobId: job.jobId, attempt: job.attempt };
  const progress = { sequence: 0n };
  post({ $case: 'jobAccepted', value: about });
  const done = (finishReason: common.FinishReason, claims: Partial<UpstreamDone> = {}) =>
    post({
      $case: 'done',
      value: {
        ...about,
        finishReason,
        claimedInputTokens: toCount(claims.claimedInputTokens),
        claimedOutputTokens: toCount(claims.claimedOutputTokens),
        lastSequence: progress.sequence,
      },
    });
  try {
    const end = await streamAnswer(options, progress);
    done(finishReasons[end.done], end);
    return 'done';
  } catch (error) {
    const stopped = signal.aborted ? (signal.reason as StopReason) : undefined;
    if (stopped === 'lost') return 'lost';
    if (stopped === 'cancelled') {
      done(common.FinishReason.CANCELLED);
      return 'cancelled';
    }
    const failure =
      stopped === 'deadline' ? new UpstreamError('TRANSIENT', 'the deadline passed') : asUpstreamError(error);
    const kind = failure.kind === 'CANCELLED' ? 'TRANSIENT' : failure.kind;
    const message = failure.message.slice(0, 1000);
    post({ $case: 'jobFailed', value: { ...about, errorClass: errorClasses[kind], message } });
    return kind.toLowerCase() as JobOutcome;
  }
}

async function streamAnswer(options: RunJobOptions, progress: { sequence: bigint }): Promise<UpstreamDone> {
  const { job, upstream, signal, window } = options;
  for await (const event of upstream.generate(toUpstreamJob(job, options.model), signal)) {
    signal.throwIfAborted();
    if ('done' in event) return event;
    if (progress.sequence === 0n) options.onFirstPiece();
    for (const piece of splitPiece(event)) {
      await window.room(progress.sequence + 1n, signal);
      signal.throwIfAborted();
      progress.sequence += 1n;
      const value: njordr.Chunk = {
        jobId: job.jobId,
        attempt: job.attempt,
        sequence: progress.sequence,
        content: piece.content ?? '',
        reasoning: piece.reasoning ?? '',
        toolCalls: [...(piece.toolCalls ?? [])],
      };
      await options.send({ $case: 'chunk', value }, signal);
    }
  }
  throw new UpstreamError('FAULT', 'the upstream ended without saying how');
}

function toCount(tokens: number | undefined): bigint | undefined {
  return tokens === undefined ? undefined : BigInt(Math.min(Math.max(0, Math.trunc(tokens)), 1e12));
}
