import { type njordr } from '@edda/contracts';
import { asFault } from '@edda/faults';
import { runDetached, type GrpcClient } from '@edda/grpc-kit';
import { createEventQueue } from '../link/event-queue.ts';
import { failedJob } from '../link/provider-line.ts';
import { createRunningJob, type JobBody } from '../link/running-job.ts';
import { type JobHandle, type JobSpec } from '../link/link-hub.ts';
import { type LinkSettings } from '../link/link-settings.ts';
import { type UnreadBytes } from '../link/unread-bytes.ts';
import { errorClassFrom } from './job-words.ts';

export interface RemoteJobOptions {
  client: Pick<GrpcClient<typeof njordr.ReplicaServiceService>, 'runJob'>;
  replicaId: string;
  providerId: string;
  job: JobSpec;
  settings: LinkSettings;
  unread: UnreadBytes;
  /** Epoch ms. */
  now: () => number;
  requestId: string | undefined;
  /** Called once, when the job is over. */
  onEnd: () => void;
}

/** A job on another replica's line, and the way to give it up with that replica. */
export interface RemoteJob {
  readonly handle: JobHandle;
  /** The replica is out of reach; it is not the provider's fault. */
  lose(message: string): void;
}

/**
 * Has another replica run a job on its line. To the reader it is a job like any other: the same window holds the
 * provider back, the same bounds and time limits hold.
 */
export function createRemoteJob(options: RemoteJobOptions): RemoteJob {
  const { client, job, settings, replicaId, providerId } = options;
  const stopping = new AbortController();
  const outgoing = createEventQueue<njordr.RunJobRequest>();
  const chunkWindow = settings.chunkWindow;
  outgoing.push({ body: { $case: 'start', value: { replicaId, providerId, job, chunkWindow } } });
  const running = createRunningJob({
    job,
    window: chunkWindow,
    maxBytes: settings.maxJobBytes,
    // The replica with the line gives up first, and says why.
    acceptTimeoutMs: settings.acceptTimeoutMs + HOP_MS,
    leftMs: job.deadline === undefined ? Infinity : job.deadline.getTime() - options.now() + HOP_MS,
    unread: options.unread,
    send(body) {
      if (body.$case === 'chunkAck') outgoing.push({ body });
      if (body.$case === 'cancelJob') outgoing.push({ body: { $case: 'cancel', value: body.value } });
    },
    onEnd() {
      outgoing.finish();
      // What was just said, a cancellation, is still sent; then the call ends by itself, or is ended.
      setTimeout(() => stopping.abort(), HOP_MS).unref();
      options.onEnd();
    },
  });

  async function read(): Promise<void> {
    const { requestId } = options;
    const call = { deadlineMs: Infinity, signal: stopping.signal, ...(requestId !== undefined && { requestId }) };
    try {
      for await (const { body } of client.runJob(outgoing, call)) {
        if (body !== undefined) receive(body);
      }
      running.fail('transient', 'the replica with the provider’s line ended the job without a word');
    } catch (error) {
      running.fail('transient', `the replica with the provider’s line was lost: ${asFault(error).reason}`);
    }
  }
  function receive(body: NonNullable<njordr.RunJobResponse['body']>): void {
    if (body.$case === 'failed' && !body.value.quoted) {
      running.fail(errorClassFrom(body.value.errorClass), body.value.message);
      return;
    }
    const problem = running.receive(asSaidByAgent(body, job));
    if (problem !== undefined) stopping.abort();
  }
  runDetached(() => void read());
  return { handle: running.handle, lose: (message) => running.fail('transient', message) };
}

/** What a hop between replicas may take more than the line itself, ms. */
const HOP_MS = 1_000;

function asSaidByAgent(body: NonNullable<njordr.RunJobResponse['body']>, { jobId, attempt }: JobSpec): JobBody {
  switch (body.$case) {
    case 'accepted':
      return { $case: 'jobAccepted', value: body.value };
    case 'failed': {
      const { errorClass, message } = body.value;
      return { $case: 'jobFailed', value: { jobId, attempt, errorClass, message } };
    }
    case 'chunk':
    case 'done':
      return body;
  }
}

/** The events of a job whose line is not known any more. */
export function lostLine(): JobHandle {
  return failedJob({ type: 'failed', errorClass: 'no-capacity', message: 'the provider is not connected' });
}
