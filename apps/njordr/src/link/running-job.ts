import { common, njordr } from '@edda/contracts';
import { chunkBytes, chunkProblem, doneProblem, failureOf, rejectionOf } from './job-protocol.ts';
import { createEventQueue } from './event-queue.ts';
import { type UnreadBytes } from './unread-bytes.ts';
import { type JobCancelReason, type JobErrorClass, type JobEvent, type JobHandle, type JobSpec } from './link-hub.ts';

/** The messages of an agent that belong to a job. */
export type JobBody = Extract<
  NonNullable<njordr.AgentMessage['body']>,
  { $case: 'jobAccepted' | 'jobRejected' | 'chunk' | 'done' | 'jobFailed' }
>;

export interface RunningJobOptions {
  job: JobSpec;
  /** Most chunks waiting for the reader; the agent was told the same window. */
  window: number;
  maxBytes: number;
  acceptTimeoutMs: number;
  /** Milliseconds left until the job's deadline. */
  leftMs: number;
  send: (body: NonNullable<njordr.MarketMessage['body']>) => void;
  /** Bytes of answer that came and were not read yet, of all jobs. */
  unread: UnreadBytes;
  /** Called once, when the job is over. @param late whether messages may still be under way legitimately */
  onEnd: (event: JobEvent, late: boolean) => void;
}

/** One attempt of a job as the market sees it: checks what the agent says and bounds what it may send. */
export interface RunningJob {
  readonly attempt: number;
  readonly handle: JobHandle;
  /** @returns what is wrong with the message; the job has failed then */
  receive(body: JobBody): string | undefined;
  fail(errorClass: JobErrorClass, message: string): void;
}

/** Room for what comes after the deadline: the agent's own Done is under way. */
const DEADLINE_GRACE_MS = 500;
const LONGEST_TIMER_MS = 2_147_483_647;
/** No tokenizer in use has tokens that are longer on average over a whole answer. */
const MOST_BYTES_PER_TOKEN = 512n;
/** A chunk without text counts as much, so that an answer of nothing but chunks ends. */
const LEAST_CHUNK_BYTES = 32;

/** Reasons as agents are told them. */
export const cancelReasons: Readonly<Record<JobCancelReason, njordr.CancelReason>> = {
  requester: njordr.CancelReason.REQUESTER,
  deadline: njordr.CancelReason.DEADLINE,
  'cost-limit': njordr.CancelReason.COST_LIMIT,
  superseded: njordr.CancelReason.SUPERSEDED,
  'provider-removed': njordr.CancelReason.PROVIDER_REMOVED,
};

export function createRunningJob(options: RunningJobOptions): RunningJob {
  const { job, send, window } = options;
  const about = { jobId: job.jobId, attempt: job.attempt };
  const byteLimit = mostBytes(options);
  const state = { ended: false, accepted: false, sequence: 0n, taken: 0n, acknowledged: 0n, bytes: 0 };
  const acknowledgeEvery = BigInt(Math.ceil(window / 4));
  const unread = new Map<bigint, number>();
  const forget = (sequence: bigint): void => {
    options.unread.add(-(unread.get(sequence) ?? 0));
    unread.delete(sequence);
  };

  const queue = createEventQueue<JobEvent>({
    onTaken(event) {
      if (event.type !== 'chunk') return;
      state.taken = event.sequence;
      forget(event.sequence);
      if (state.ended || state.taken - state.acknowledged < acknowledgeEvery) return;
      state.acknowledged = state.taken;
      send({ $case: 'chunkAck', value: { ...about, sequence: state.taken } });
    },
    onAbandoned: () => cancel('requester'),
  });
  const acceptTimer = setTimeout(
    () => giveUp('transient', 'the provider did not take the job in time'),
    options.acceptTimeoutMs,
  );
  const deadlineTimer = setTimeout(
    () => giveUp('fault', 'the provider did not finish before the deadline'),
    Math.min(Math.max(0, options.leftMs) + DEADLINE_GRACE_MS, LONGEST_TIMER_MS),
  );

  function end(event: JobEvent, late: boolean): void {
    if (state.ended) return;
    state.ended = true;
    clearTimeout(acceptTimer);
    clearTimeout(deadlineTimer);
    queue.finish(event);
    options.onEnd(event, late);
  }
  function callOff(reason: JobCancelReason, event: JobEvent): void {
    if (state.ended) return;
    send({ $case: 'cancelJob', value: { ...about, reason: cancelReasons[reason] } });
    end(event, true);
  }
  function giveUp(errorClass: JobErrorClass, message: string): void {
    callOff('deadline', { type: 'failed', errorClass, message });
  }
  function cancel(reason: JobCancelReason): void {
    queue.clear();
    for (const sequence of unread.keys()) forget(sequence);
    callOff(reason, {
      type: 'done',
      finishReason: common.FinishReason.CANCELLED,
      claimedInputTokens: undefined,
      claimedOutputTokens: undefined,
    });
  }
  function refuse(problem: string): string {
    callOff('superseded', { type: 'failed', errorClass: 'fault', message: problem });
    return problem;
  }

  function receiveChunk(chunk: njordr.Chunk): string | undefined {
    if (chunk.sequence !== state.sequence + 1n) return `chunk ${chunk.sequence} follows chunk ${state.sequence}`;
    const problem = chunkProblem(chunk);
    if (problem !== undefined) return problem;
    const bytes = chunkBytes(chunk);
    state.bytes += Math.max(bytes, LEAST_CHUNK_BYTES);
    if (state.bytes > byteLimit) return `the answer is larger than ${byteLimit} bytes`;
    if (chunk.sequence - state.acknowledged > BigInt(window)) return `more than ${window} chunks are unacknowledged`;
    if (!options.unread.roomFor(bytes)) {
      // Nobody reads, here and in many other requests; neither the provider nor the job is at fault.
      const message = 'the market waits for its requesters to read';
      callOff('superseded', { type: 'failed', errorClass: 'no-capacity', message });
      return undefined;
    }
    unread.set(chunk.sequence, bytes);
    options.unread.add(bytes);
    state.sequence = chunk.sequence;
    const { sequence, content, reasoning, toolCalls } = chunk;
    queue.push({ type: 'chunk', sequence, content, reasoning, toolCalls });
    return undefined;
  }

  function receiveDone(done: njordr.Done): string | undefined {
    const problem = doneProblem(done, state.sequence);
    if (problem !== undefined) return problem;
    const { finishReason, claimedInputTokens, claimedOutputTokens } = done;
    if (finishReason === common.FinishReason.CANCELLED) {
      // Nobody called it off: the device was stopped in the middle of it.
      end({ type: 'failed', errorClass: 'transient', message: 'the provider stopped the job' }, false);
    } else {
      end({ type: 'done', finishReason, claimedInputTokens, claimedOutputTokens }, false);
    }
    return undefined;
  }

  function accept(body: JobBody): string | undefined {
    clearTimeout(acceptTimer);
    switch (body.$case) {
      case 'jobAccepted':
        if (state.accepted) return 'the job was accepted twice';
        state.accepted = true;
        queue.push({ type: 'accepted' });
        return undefined;
      case 'jobRejected':
        if (state.sequence > 0n) return 'the job was rejected after its first chunk';
        end(rejectionOf(body.value), false);
        return undefined;
      case 'chunk':
        return receiveChunk(body.value);
      case 'done':
        return receiveDone(body.value);
      case 'jobFailed':
        end(failureOf(body.value), false);
        return undefined;
    }
  }

  return {
    attempt: job.attempt,
    handle: { events: queue, cancel },
    receive(body) {
      const problem = accept(body);
      return problem === undefined ? undefined : refuse(problem);
    },
    fail: (errorClass, message) => end({ type: 'failed', errorClass, message }, true),
  };
}

function mostBytes({ job, maxBytes }: RunningJobOptions): number {
  const asked = job.maxOutputTokens * MOST_BYTES_PER_TOKEN + 65_536n;
  return asked < BigInt(maxBytes) ? Number(asked) : maxBytes;
}
