import { njordr } from '@edda/contracts';
import { type Span, type Tracer } from '@edda/telemetry';
import { type Upstream } from '../upstream/upstream.ts';
import { type ChunkWindow, createChunkWindow } from './chunk-window.ts';
import { type Body, type JobOutcome, runJob, type StopReason } from './run-job.ts';

/** The connection a job came by: its answers go back the same way. */
export interface JobChannel {
  post: (body: Body) => void;
  send: (body: Body, signal: AbortSignal) => Promise<void>;
  /** Most unacknowledged chunks per job; 0 means no bound. */
  chunkWindow: number;
  /** Aborted with 'lost' when the connection is gone. */
  signal: AbortSignal;
}

export interface JobTableOptions {
  upstream: Upstream;
  /** What the upstream calls a model of ours; undefined for one that is not offered. */
  upstreamModelOf: (model: string) => string | undefined;
  /** Most jobs at once. */
  capacity: () => number;
  now: () => number;
  /** Opens a span for every job, in the market's trace if there is one. */
  tracer?: Tracer | undefined;
  onStart?: (job: njordr.Job) => void;
  onFirstPiece?: (job: njordr.Job, afterMs: number) => void;
  onEnd?: (job: njordr.Job, outcome: JobOutcome, afterMs: number) => void;
  onReject?: (job: njordr.Job, reason: njordr.JobRejectionReason) => void;
}

interface Running {
  attempt: number;
  controller: AbortController;
  window: ChunkWindow;
  channel: JobChannel;
  ended: Promise<unknown>;
}

/** The jobs this agent runs, over all connections; never more than its capacity. */
export interface JobTable {
  /** Takes a job or answers why not. */
  offer(job: njordr.Job, channel: JobChannel): void;
  cancel(request: { jobId: string; attempt: number }): void;
  acknowledge(ack: njordr.ChunkAck): void;
  /** From now on new jobs are answered DRAINING. */
  drain(): void;
  runningIds(): string[];
  readonly active: number;
  readonly free: number;
  /** Resolves when no job (of this channel, if given) runs. */
  idle(channel?: JobChannel): Promise<void>;
}

export function createJobTable(options: JobTableOptions): JobTable {
  const running = new Map<string, Running>();
  let draining = false;

  function refusalOf(job: njordr.Job): njordr.JobRejectionReason | undefined {
    if (draining) return njordr.JobRejectionReason.DRAINING;
    if (options.upstreamModelOf(job.model) === undefined) return njordr.JobRejectionReason.MODEL_UNAVAILABLE;
    const takesOver = running.has(job.jobId);
    if (running.size - (takesOver ? 1 : 0) >= options.capacity()) return njordr.JobRejectionReason.NO_CAPACITY;
    return undefined;
  }

  function start(job: njordr.Job, model: string, channel: JobChannel): void {
    const controller = new AbortController();
    const window = createChunkWindow(channel.chunkWindow);
    const startedAt = options.now();
    const stopWatching = stopWith(controller, channel.signal, job.deadline, startedAt);
    options.onStart?.(job);
    const span = startSpan(options.tracer, job);
    const ended = runJob({
      job,
      model,
      upstream: options.upstream,
      window,
      post: channel.post,
      send: channel.send,
      signal: controller.signal,
      onFirstPiece() {
        span?.event('first_token');
        options.onFirstPiece?.(job, options.now() - startedAt);
      },
    }).then((outcome) => {
      stopWatching();
      if (running.get(job.jobId)?.controller === controller) running.delete(job.jobId);
      options.onEnd?.(job, outcome, options.now() - startedAt);
      span?.end(outcome === 'done' ? undefined : outcome);
    });
    running.set(job.jobId, { attempt: job.attempt, controller, window, channel, ended });
  }

  const find = ({ jobId, attempt }: { jobId: string; attempt: number }) => {
    const entry = running.get(jobId);
    return entry?.attempt === attempt ? entry : undefined;
  };
  return {
    offer(job, channel) {
      const current = running.get(job.jobId);
      // A repeated or late offer of an attempt that is already known changes nothing.
      if (current && current.attempt >= job.attempt) return;
      const reason = refusalOf(job);
      if (reason === undefined) {
        current?.controller.abort('cancelled' satisfies StopReason);
        start(job, options.upstreamModelOf(job.model) ?? job.model, channel);
        return;
      }
      options.onReject?.(job, reason);
      const value = { jobId: job.jobId, attempt: job.attempt, reason, message: '' };
      channel.post({ $case: 'jobRejected', value });
    },
    cancel: (request) => find(request)?.controller.abort('cancelled' satisfies StopReason),
    acknowledge: (ack) => find(ack)?.window.acknowledge(ack.sequence),
    drain: () => (draining = true),
    runningIds: () => [...running.keys()],
    get active() {
      return running.size;
    },
    get free() {
      return draining ? 0 : Math.max(0, options.capacity() - running.size);
    },
    async idle(channel) {
      const mine = () => [...running.values()].filter((entry) => !channel || entry.channel === channel);
      while (mine().length > 0) await Promise.all(mine().map((entry) => entry.ended));
    },
  };
}

// Node's timers hold at most 2^31 − 1 ms; a deadline beyond is as good as none.
const LONGEST_TIMER_MS = 2_147_483_647;

/** Stops a job with its connection or its deadline, whichever comes first. @returns ends the watch */
function stopWith(controller: AbortController, link: AbortSignal, deadline: Date | undefined, now: number): () => void {
  const lost = () => controller.abort('lost' satisfies StopReason);
  if (link.aborted) lost();
  link.addEventListener('abort', lost, { once: true });
  const left = deadline ? Math.max(0, deadline.getTime() - now) : LONGEST_TIMER_MS;
  const expire = () => controller.abort('deadline' satisfies StopReason);
  const timer = left < LONGEST_TIMER_MS ? setTimeout(expire, left) : undefined;
  return () => {
    clearTimeout(timer);
    link.removeEventListener('abort', lost);
  };
}

function startSpan(tracer: Tracer | undefined, { jobId, attempt, traceparent }: njordr.Job): Span | undefined {
  const attributes = { 'edda.job_id': jobId, 'edda.attempt': attempt };
  return tracer?.start('job', { kind: 'consumer', traceparent, attributes });
}
