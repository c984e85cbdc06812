import { type njordr } from '@edda/contracts';
import { type Logger } from '@edda/telemetry';
import { startHeartbeat } from './heartbeat.ts';
import { type JobChannel, type JobTable } from './job-table.ts';
import { createOutbox } from './outbox.ts';
import { createProbeRunner } from './probe-runner.ts';
import { type Body, type StopReason } from './run-job.ts';
import { type Upstream } from '../upstream/upstream.ts';

/** Opens the stream to the market. */
export type Dial = (
  messages: AsyncIterable<njordr.AgentMessage>,
  signal: AbortSignal,
) => AsyncIterable<njordr.MarketMessage>;

export interface SessionOptions {
  dial: Dial;
  hello: njordr.Hello;
  /** Empty while the market has not named one. */
  providerId: string;
  jobs: JobTable;
  upstream: Upstream;
  upstreamModelOf: (model: string) => string | undefined;
  /** Longest wait for Welcome, milliseconds. */
  welcomeTimeoutMs: number;
  logger: Logger;
  onWelcome: (providerId: string, welcome: njordr.Welcome) => void;
  onStatus: (status: njordr.ProviderStatus) => void;
  /** The market asks for another stream; this one goes on until its jobs are done. */
  onHandover: () => void;
}

export type SessionEnd =
  | { how: 'closed' }
  | { how: 'lost'; error?: unknown }
  | { how: 'rejected'; reason: string; message: string; retryAfterMs: number };

/** One stream to the market, from Hello to its end. */
export interface Session {
  /** Resolves when the stream is over; its jobs have been stopped. Never rejects. */
  readonly ended: Promise<SessionEnd>;
  /** Tells the market to send no more jobs. */
  announceDrain(reason: string): void;
  /** Waits until no job of this stream runs, then closes it. */
  finish(): Promise<void>;
  close(): void;
}

const CLOSE_PATIENCE_MS = 1000;

export function openSession(options: SessionOptions): Session {
  const { logger, jobs } = options;
  const outbox = createOutbox<njordr.AgentMessage>();
  const controller = new AbortController();
  const state = { providerId: options.providerId, end: undefined as SessionEnd | undefined };
  const envelope = (body: Body): njordr.AgentMessage => {
    return { providerId: state.providerId, deviceId: options.hello.deviceId, ownerId: '', networkId: '', body };
  };
  const channel: JobChannel = {
    post: (body) => outbox.post(envelope(body)),
    send: (body, signal) => outbox.send(envelope(body), signal),
    chunkWindow: 0,
    signal: controller.signal,
  };
  const end = (how: SessionEnd) => {
    state.end ??= how;
    outbox.close();
    controller.abort('lost' satisfies StopReason);
  };
  const welcomeTimer = setTimeout(
    () => end({ how: 'lost', error: new Error('no welcome in time') }),
    options.welcomeTimeoutMs,
  );
  const probes = createProbeRunner({ ...options, post: channel.post, signal: controller.signal });
  let heartbeat: ReturnType<typeof startHeartbeat> | undefined;

  function welcomed(providerId: string, welcome: njordr.Welcome): void {
    clearTimeout(welcomeTimer);
    if (providerId !== '') state.providerId = providerId;
    channel.chunkWindow = welcome.chunkWindow;
    heartbeat?.stop();
    heartbeat = startHeartbeat({
      intervalMs: welcome.heartbeatIntervalMs,
      beat: (sequence) => {
        const value = { sequence, sentAt: new Date(), activeJobs: jobs.active, freeCapacity: jobs.free };
        channel.post({ $case: 'heartbeat', value });
      },
      onSilence: () => end({ how: 'lost', error: new Error('the market fell silent') }),
    });
    options.onWelcome(state.providerId, welcome);
    options.onStatus(welcome.status);
  }

  function receive(message: njordr.MarketMessage): void {
    heartbeat?.heard();
    const { body } = message;
    switch (body?.$case) {
      case 'welcome':
        return welcomed(message.providerId, body.value);
      case 'heartbeatAck':
        return options.onStatus(body.value.status);
      case 'probe':
        return probes.run(body.value);
      case 'job':
        return jobs.offer(body.value, channel);
      case 'cancelJob':
        return jobs.cancel(body.value);
      case 'chunkAck':
        return jobs.acknowledge(body.value);
      case 'drainRequested':
        logger.info({ reason: body.value.reason }, 'the market asks for another connection');
        return options.onHandover();
      case 'rejected':
        return end({ how: 'rejected', ...body.value });
      case undefined:
        // A newer market may say things this version does not know.
        return;
    }
  }

  async function run(): Promise<SessionEnd> {
    channel.post({ $case: 'hello', value: options.hello });
    try {
      for await (const message of options.dial(outbox, controller.signal)) {
        receive(message);
        if (controller.signal.aborted) break;
      }
      end({ how: 'lost' });
    } catch (error) {
      end({ how: 'lost', error });
    } finally {
      clearTimeout(welcomeTimer);
      heartbeat?.stop();
    }
    await jobs.idle(channel);
    return state.end ?? { how: 'lost' };
  }

  const ended = run();
  return {
    ended,
    announceDrain: (reason) => channel.post({ $case: 'drain', value: { reason } }),
    async finish() {
      await jobs.idle(channel);
      // Closing our half lets the last messages through; the market then closes its own.
      state.end ??= { how: 'closed' };
      outbox.close();
      const patience = setTimeout(() => end({ how: 'closed' }), CLOSE_PATIENCE_MS);
      await ended;
      clearTimeout(patience);
    },
    close: () => end({ how: 'closed' }),
  };
}
