import { common, type njordr } from '@edda/contracts';
import { commonFaults, invalidInput } from '@edda/faults';
import { type JobEvent, type JobHandle, type JobSpec, type LinkHub } from '../link/link-hub.ts';
import { type ProviderDirectory } from '../providers/provider-directory.ts';
import { cancelReasonOf, errorClassOf } from './job-words.ts';

export interface RemoteJobsDeps {
  hub: Pick<LinkHub, 'dispatch'>;
  directory: Pick<ProviderDirectory, 'reserve' | 'release' | 'noteFault' | 'noteServed'>;
}

/** Jobs that run on this replica's lines for requests of other replicas. */
export interface RemoteJobs {
  /** Serves one RunJob. @throws INVALID_INPUT when the first message is not a job */
  run(requests: AsyncIterable<njordr.RunJobRequest>, signal: AbortSignal): AsyncIterable<njordr.RunJobResponse>;
  /** Jobs that a replica has a provider do here. */
  countFor(replicaId: string, providerId: string): number;
}

export function createRemoteJobs({ hub, directory }: RemoteJobsDeps): RemoteJobs {
  const counts = new Map<string, number>();
  const count = (key: string, change: 1 | -1): void => {
    const now = (counts.get(key) ?? 0) + change;
    if (now > 0) counts.set(key, now);
    else counts.delete(key);
  };

  async function* run(requests: AsyncIterable<njordr.RunJobRequest>, signal: AbortSignal) {
    const reading = requests[Symbol.asyncIterator]();
    const { replicaId, providerId, job, window } = startOf(await reading.next());
    // This replica sees all jobs of the provider, so it alone says when it is full.
    if (!directory.reserve(providerId, job.model)) {
      yield failed({ type: 'failed', errorClass: 'no-capacity', message: 'the provider is full' });
      return;
    }
    const key = keyOf(replicaId, providerId);
    count(key, 1);
    const handle = hub.dispatch(job, providerId);
    const credit = createCredit(window);
    const cancel = (): void => handle.cancel('requester');
    signal.addEventListener('abort', cancel, { once: true });
    void listen(reading, handle, credit);
    try {
      yield* answers(job, handle, credit, (event) => {
        // The requesting replica notes it for itself; here it counts for the requests of all.
        if (event.type === 'failed' && event.errorClass === 'fault') directory.noteFault(providerId, job.model);
        if (event.type === 'done' && event.finishReason !== common.FinishReason.CANCELLED) {
          directory.noteServed(providerId, job.model);
        }
      });
    } finally {
      signal.removeEventListener('abort', cancel);
      credit.open();
      cancel();
      count(key, -1);
      directory.release(providerId, job.model);
    }
  }
  return {
    run,
    countFor: (replicaId, providerId) => counts.get(keyOf(replicaId, providerId)) ?? 0,
  };
}

const keyOf = (replicaId: string, providerId: string): string => `${replicaId} ${providerId}`;

function startOf(first: IteratorResult<njordr.RunJobRequest>) {
  const body = first.done === true ? undefined : first.value.body;
  if (body?.$case !== 'start') throw invalidInput([{ field: 'start', description: 'must be the first message' }]);
  const { replicaId, providerId, job, chunkWindow } = body.value;
  if (job === undefined) throw invalidInput([{ field: 'start.job', description: 'is required' }]);
  if (replicaId === '' || providerId === '') throw commonFaults.INVALID_INPUT('Name the replica and the provider.');
  return { replicaId, providerId, job, window: BigInt(Math.min(1_024, Math.max(1, chunkWindow))) };
}

/** How far the requesting replica has read; what lies a window ahead of it waits, and with it the provider. */
interface Credit {
  taken(sequence: bigint): void;
  /** Resolves when this chunk may be sent. */
  roomFor(sequence: bigint): Promise<void>;
  /** Nothing waits any more. */
  open(): void;
}

function createCredit(window: bigint): Credit {
  const state = { taken: 0n, open: false };
  let wake: () => void = () => undefined;
  return {
    taken(sequence) {
      if (sequence > state.taken) state.taken = sequence;
      wake();
    },
    async roomFor(sequence) {
      while (!state.open && sequence - state.taken > window) await new Promise<void>((resolve) => (wake = resolve));
    },
    open() {
      state.open = true;
      wake();
    },
  };
}

/** Follows what the requesting replica says; when it says no more before the end, nobody wants the answer. */
async function listen(reading: AsyncIterator<njordr.RunJobRequest>, handle: JobHandle, credit: Credit): Promise<void> {
  try {
    for (;;) {
      const next = await reading.next();
      if (next.done === true) break;
      const { body } = next.value;
      if (body?.$case === 'chunkAck') credit.taken(body.value.sequence);
      if (body?.$case !== 'cancel') continue;
      handle.cancel(cancelReasonOf(body.value.reason));
      credit.open();
      return;
    }
  } catch {
    // The call is over; its signal has called the job off.
  }
  handle.cancel('requester');
  credit.open();
}

async function* answers(
  job: JobSpec,
  handle: JobHandle,
  credit: Credit,
  onEnd: (event: JobEvent) => void,
): AsyncGenerator<njordr.RunJobResponse, void, undefined> {
  const about = { jobId: job.jobId, attempt: job.attempt };
  let last = 0n;
  for await (const event of handle.events) {
    switch (event.type) {
      case 'accepted':
        yield { body: { $case: 'accepted', value: about } };
        break;
      case 'chunk': {
        const { sequence, content, reasoning, toolCalls } = event;
        await credit.roomFor(sequence);
        last = sequence;
        yield {
          body: { $case: 'chunk', value: { ...about, sequence, content, reasoning, toolCalls: [...toolCalls] } },
        };
        break;
      }
      case 'done': {
        onEnd(event);
        const { finishReason, claimedInputTokens, claimedOutputTokens } = event;
        const value = { ...about, finishReason, claimedInputTokens, claimedOutputTokens, lastSequence: last };
        yield { body: { $case: 'done', value } };
        break;
      }
      case 'failed':
        onEnd(event);
        yield failed(event);
    }
  }
}

function failed(event: Extract<JobEvent, { type: 'failed' }>): njordr.RunJobResponse {
  const { errorClass, message, quoted = false } = event;
  return { body: { $case: 'failed', value: { errorClass: errorClassOf[errorClass], message, quoted } } };
}
