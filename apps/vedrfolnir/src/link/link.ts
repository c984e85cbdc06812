import { setTimeout as sleep } from 'node:timers/promises';
import { type njordr } from '@edda/contracts';
import { type Logger } from '@edda/telemetry';
import { type Backoff } from './backoff.ts';
import { type JobTable } from './job-table.ts';
import { openSession, type Session, type SessionEnd, type SessionOptions } from './session.ts';

export type LinkState = 'connecting' | 'connected' | 'waiting' | 'draining' | 'rejected' | 'closed';

export interface LinkOptions extends Pick<
  SessionOptions,
  'dial' | 'upstream' | 'upstreamModelOf' | 'welcomeTimeoutMs'
> {
  /** What to offer and as whom, asked anew for every connection; may fail while the upstream or the market is down. */
  introduce: (runningJobIds: string[], signal: AbortSignal) => Promise<{ hello: njordr.Hello; providerId?: string }>;
  /** Empty: the market finds or registers the provider by the device id. */
  providerId: string;
  jobs: JobTable;
  backoff: Backoff;
  /** A connection that lived this long was a good one: the next loss starts with the shortest wait. */
  stableAfterMs: number;
  logger: Logger;
  onState?: (state: LinkState) => void;
  onStatus?: (status: njordr.ProviderStatus) => void;
}

/** The standing connection to the market. */
export interface Link {
  readonly state: LinkState;
  readonly providerId: string;
  /** Where the provider stands, as last heard; 0 before. */
  readonly status: njordr.ProviderStatus;
  /** Resolves when the link is over for good: closed, or rejected in a way that waiting does not mend. */
  readonly over: Promise<LinkState>;
  /** Refuses new jobs, lets running ones finish for at most `graceMs`, then closes. */
  drain(graceMs: number): Promise<void>;
  close(): Promise<void>;
}

/** Connects at once and keeps connected until it is drained, closed or rejected for good. */
export function startLink(options: LinkOptions): Link {
  const { logger, jobs, backoff } = options;
  const stopping = new AbortController();
  const sessions = new Set<Session>();
  const now = { state: 'connecting' as LinkState, providerId: options.providerId, status: 0 as njordr.ProviderStatus };
  let current: Session | undefined;

  const enter = (state: LinkState) => {
    const final = now.state === 'rejected' || now.state === 'closed';
    if (final || now.state === state || (now.state === 'draining' && state !== 'closed')) return;
    now.state = state;
    options.onState?.(state);
  };

  async function connectOnce(): Promise<SessionEnd | { how: 'handover' }> {
    const { hello, providerId } = await options.introduce(jobs.runningIds(), stopping.signal);
    stopping.signal.throwIfAborted();
    const handover = Promise.withResolvers<{ how: 'handover' }>();
    const session = openSession({
      ...options,
      hello,
      providerId: providerId ?? now.providerId,
      onWelcome(welcomedAs, welcome) {
        now.providerId = welcomedAs;
        logger.info({ provider_id: welcomedAs, epoch: String(welcome.connectionEpoch) }, 'connected to the market');
        enter('connected');
      },
      onStatus(status) {
        if (status === now.status) return;
        now.status = status;
        options.onStatus?.(status);
      },
      onHandover: () => handover.resolve({ how: 'handover' }),
    });
    sessions.add(session);
    void session.ended.then(() => sessions.delete(session));
    current = session;
    const end = await Promise.race([session.ended, handover.promise]);
    if (end.how === 'handover') void session.finish();
    return end;
  }

  async function keepConnected(): Promise<LinkState> {
    while (!stopping.signal.aborted) {
      enter('connecting');
      const startedAt = performance.now();
      const end = await connectOnce().catch((error: unknown): SessionEnd => ({ how: 'lost', error }));
      if (stopping.signal.aborted || end.how === 'closed' || now.state === 'draining') break;
      if (end.how === 'rejected' && end.retryAfterMs === 0) {
        logger.error({ reason: end.reason }, `the market rejects this device: ${end.message}`);
        enter('rejected');
        return now.state;
      }
      const stable = performance.now() - startedAt >= options.stableAfterMs;
      if (stable) backoff.reset();
      const waitMs = waitAfter(end, stable, backoff);
      if (end.how === 'lost') logger.warn({ err: end.error, wait_ms: waitMs }, 'connection to the market lost');
      if (end.how === 'rejected') logger.warn({ reason: end.reason, wait_ms: waitMs }, end.message);
      if (end.how !== 'handover') enter('waiting');
      await sleep(waitMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
    await Promise.all([...sessions].map((session) => session.ended));
    enter('closed');
    return now.state;
  }

  const over = keepConnected();
  const close = async () => {
    stopping.abort();
    for (const session of sessions) session.close();
    await over;
  };
  return {
    get state() {
      return now.state;
    },
    get providerId() {
      return now.providerId;
    },
    get status() {
      return now.status;
    },
    over,
    close,
    async drain(graceMs) {
      jobs.drain();
      enter('draining');
      current?.announceDrain('the agent is shutting down');
      const grace = new AbortController();
      const finished = Promise.all([...sessions].map((session) => session.finish()));
      const timeout = sleep(graceMs, undefined, { signal: grace.signal }).catch(() => undefined);
      await Promise.race([finished, timeout]);
      grace.abort();
      await close();
    },
  };
}

function waitAfter(end: SessionEnd | { how: 'handover' }, stable: boolean, backoff: Backoff): number {
  // The old stream still works: no need to wait, unless the market hands over again and again.
  if (end.how === 'handover' && stable) return 0;
  const wait = backoff.next();
  return end.how === 'rejected' ? Math.max(wait, end.retryAfterMs) : wait;
}
