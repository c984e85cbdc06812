import { randomUUID } from 'node:crypto';
import { type njordr } from '@edda/contracts';
import { createEventQueue } from './event-queue.ts';
import { createRunningJob, type JobBody, type RunningJob } from './running-job.ts';
import { type JobEvent, type JobHandle, type JobSpec, type ProbeOutcome } from './link-hub.ts';
import { type LinkSettings } from './link-settings.ts';
import { plainText } from './job-protocol.ts';
import { type UnreadBytes } from './unread-bytes.ts';

export type MarketBody = NonNullable<njordr.MarketMessage['body']>;

export interface LineOptions {
  providerId: string;
  deviceId: string;
  epoch: bigint;
  settings: LinkSettings;
  /** Epoch ms. */
  now: () => number;
  send: (message: njordr.MarketMessage) => void;
  /** Whether the agent was asked to move to another stream. */
  leaving: () => boolean;
  unread: UnreadBytes;
  /** Called when jobs begin and end, with how many more or fewer run. */
  onJobs: (change: 1 | -1) => void;
}

/** One provider's line within a stream: its jobs, its probes, when it was last heard. */
export interface ProviderLine {
  readonly providerId: string;
  readonly deviceId: string;
  readonly epoch: bigint;
  /** Whether the agent was asked to move to another stream: jobs of this one finish here. */
  readonly leaving: boolean;
  /** The same for all lines of one stream. */
  readonly stream: unknown;
  /** Epoch ms of its last message. */
  lastHeardAt: number;
  draining: boolean;
  /** Three heartbeats were missed. */
  silent: boolean;
  violations: number;
  readonly jobs: number;
  send(body: MarketBody): void;
  dispatch(job: JobSpec): JobHandle;
  /** @returns what is wrong with the message, if anything */
  receiveJob(body: JobBody): string | undefined;
  probe(probe: Omit<njordr.Probe, 'probeId' | 'deadline'>, timeoutMs: number): Promise<ProbeOutcome>;
  receiveProbe(result: njordr.ProbeResult): string | undefined;
  /** Fails everything under way as the provider's fault. */
  failAll(message: string): void;
}

/** Ids of ended jobs that are remembered, so that messages already under way are not taken for garbage. */
const REMEMBERED_JOBS = 1_000;
const MAX_PROBE_OUTPUT_BYTES = 65_536;
const MAX_PROBES = 16;

/** The events of a job that could not be sent at all. */
export function failedJob(event: JobEvent): JobHandle {
  const events = createEventQueue<JobEvent>();
  events.finish(event);
  return { events, cancel: () => undefined };
}

export function createProviderLine(options: LineOptions): ProviderLine {
  const { providerId, deviceId, epoch, settings, now } = options;
  const running = new Map<string, RunningJob>();
  /** jobId → highest attempt that ended, and whether stray messages of it are legitimate. */
  const ended = new Map<string, { attempt: number; late: boolean }>();
  const probes = new Map<string, (result: njordr.ProbeResult) => void>();
  const state = { lastHeardAt: now(), draining: false, silent: false, violations: 0 };
  const send = (body: MarketBody) => options.send({ providerId, deviceId, body });

  function remember(jobId: string, attempt: number, late: boolean): void {
    ended.delete(jobId);
    ended.set(jobId, { attempt, late });
    const oldest = ended.keys().next();
    if (ended.size > REMEMBERED_JOBS && !oldest.done) ended.delete(oldest.value);
  }

  function dispatch(job: JobSpec): JobHandle {
    running.get(job.jobId)?.fail('transient', 'another attempt took over');
    const entry = createRunningJob({
      job,
      window: settings.chunkWindow,
      maxBytes: settings.maxJobBytes,
      acceptTimeoutMs: settings.acceptTimeoutMs,
      leftMs: job.deadline === undefined ? Infinity : job.deadline.getTime() - now(),
      send,
      unread: options.unread,
      onEnd(_, late) {
        if (running.get(job.jobId) === entry) running.delete(job.jobId);
        remember(job.jobId, job.attempt, late);
        options.onJobs(-1);
      },
    });
    running.set(job.jobId, entry);
    options.onJobs(1);
    send({ $case: 'job', value: job });
    return entry.handle;
  }

  function receiveJob(body: JobBody): string | undefined {
    const { jobId, attempt } = body.value;
    const entry = running.get(jobId);
    const past = ended.get(jobId);
    if (entry !== undefined && attempt === entry.attempt) return entry.receive(body);
    // The contract ignores messages of an older attempt.
    if (entry !== undefined && attempt < entry.attempt) return undefined;
    if (past !== undefined && (attempt < past.attempt || (attempt === past.attempt && past.late))) return undefined;
    if (past !== undefined && attempt === past.attempt) return 'a message for a job that is over';
    return 'a message for a job that was not given to this provider';
  }

  function probe(wanted: Omit<njordr.Probe, 'probeId' | 'deadline'>, timeoutMs: number): Promise<ProbeOutcome> {
    if (probes.size >= MAX_PROBES) return Promise.resolve(failedProbe('too many probes at once', 0));
    const probeId = randomUUID();
    const sentAt = performance.now();
    return new Promise((resolve) => {
      const settle = (result: Pick<njordr.ProbeResult, 'output' | 'ttftMs' | 'error'>) => {
        clearTimeout(timer);
        probes.delete(probeId);
        const { output, error, ttftMs } = result;
        resolve({ output, error, ttftMs: Math.max(0, ttftMs), latencyMs: Math.round(performance.now() - sentAt) });
      };
      const timer = setTimeout(() => settle(failedProbe(`no answer within ${timeoutMs} ms`, 0)), timeoutMs);
      probes.set(probeId, settle);
      send({ $case: 'probe', value: { ...wanted, probeId, deadline: new Date(now() + timeoutMs) } });
    });
  }

  return {
    providerId,
    deviceId,
    epoch,
    stream: options.send,
    get leaving() {
      return options.leaving();
    },
    get lastHeardAt() {
      return state.lastHeardAt;
    },
    set lastHeardAt(time) {
      state.lastHeardAt = time;
    },
    get draining() {
      return state.draining;
    },
    set draining(value) {
      state.draining = value;
    },
    get silent() {
      return state.silent;
    },
    set silent(value) {
      state.silent = value;
    },
    get violations() {
      return state.violations;
    },
    set violations(value) {
      state.violations = value;
    },
    get jobs() {
      return running.size;
    },
    send,
    dispatch,
    receiveJob,
    probe,
    receiveProbe(result) {
      const settle = probes.get(result.probeId);
      // A result that comes after its deadline is late, not garbage.
      if (settle === undefined) return undefined;
      if (Buffer.byteLength(result.output) > MAX_PROBE_OUTPUT_BYTES) {
        settle(failedProbe('the answer is larger than 65,536 bytes', 0) as njordr.ProbeResult & ProbeOutcome);
        return 'a probe’s output is larger than 65,536 bytes';
      }
      settle({ ...result, error: plainText(result.error) });
      return undefined;
    },
    failAll(message) {
      for (const job of [...running.values()]) job.fail('fault', message);
      for (const settle of [...probes.values()]) settle(failedProbe(message, 0) as njordr.ProbeResult & ProbeOutcome);
    },
  };
}

/** The outcome of a probe that was not answered. */
export function failedProbe(error: string, latencyMs: number): ProbeOutcome {
  return { output: '', latencyMs, ttftMs: 0, error };
}
