import { type njordr } from '@edda/contracts';

/** A job as the market sends it; the caller names `jobId` and `attempt`, so that a repeated step is the same step. */
export type JobSpec = njordr.Job;

/** How a failure is to be judged: ask the next / once more / cool the provider down / back to the requester. */
export type JobErrorClass = 'no-capacity' | 'transient' | 'fault' | 'bad-request';

export type JobCancelReason = 'requester' | 'deadline' | 'cost-limit' | 'superseded' | 'provider-removed';

/** What happens to a job, in order: at most one `accepted`, chunks 1, 2, 3 …, then exactly one `done` or `failed`. */
export type JobEvent =
  | { type: 'accepted' }
  | {
      type: 'chunk';
      /** From 1, without gaps. */
      sequence: bigint;
      content: string;
      reasoning: string;
      toolCalls: readonly njordr.ToolCallDelta[];
    }
  | {
      type: 'done';
      finishReason: njordr.Done['finishReason'];
      /** What the upstream claims; undefined when it claims nothing. */
      claimedInputTokens: bigint | undefined;
      claimedOutputTokens: bigint | undefined;
    }
  | {
      type: 'failed';
      errorClass: JobErrorClass;
      message: string;
      /** The message is the provider's own, which may repeat the prompt: it must not be stored. */
      quoted?: boolean;
    };

/** One attempt of one job on one provider. */
export interface JobHandle {
  /**
   * To be read once, to its end; ends after `done` or `failed`, never throws. Reading slowly slows the provider
   * down. Leaving the loop early cancels the job as `requester`.
   */
  readonly events: AsyncIterable<JobEvent>;
  /** Tells the provider to stop; the events end without another chunk, with `done` and finish reason CANCELLED. */
  cancel(reason: JobCancelReason): void;
}

/** What changed about a provider's line. */
export interface LinkStatus {
  providerId: string;
  /** Of the connection: a later one has a higher epoch, on whatever replica. */
  epoch: bigint;
  connected: boolean;
  /** The agent takes no new jobs; the running ones finish. */
  draining: boolean;
}

export interface ProbeOutcome {
  output: string;
  /** From sending the probe to its result, ms, by our clock. */
  latencyMs: number;
  /** As the agent saw it, ms. */
  ttftMs: number;
  /** Empty when the probe was answered. */
  error: string;
}

/** The lines to all connected providers. */
export interface LinkHub {
  isConnected(providerId: string): boolean;
  /** Sends a job. A provider without a line answers `failed`, `no-capacity`; dispatch itself never throws. */
  dispatch(job: JobSpec, providerId: string): JobHandle;
  /** Sends a test; an unanswered one comes back with an error, never as a rejection. */
  probe(
    providerId: string,
    probe: Omit<njordr.Probe, 'probeId' | 'deadline'>,
    timeoutMs: number,
  ): Promise<ProbeOutcome>;
  /** Called on every connect, loss and drain. @returns stops it */
  onStatus(listener: (status: LinkStatus) => void): () => void;
  /** Ends a provider's line with Rejected, e.g. PROVIDER_UNREGISTERED. */
  disconnect(providerId: string, reason: string, message: string): void;
  /** Jobs in flight, over all providers. */
  readonly jobsInFlight: number;
}
