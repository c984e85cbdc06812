import { type njordr } from '@edda/contracts';
import { type CallContext } from '@edda/grpc-kit';

export interface HandoverOptions {
  ctx: Pick<CallContext, 'identity' | 'draining'>;
  /** Epoch ms. */
  now: () => number;
  drainBeforeExpiryMs: number;
  post: (message: njordr.MarketMessage) => void;
  /** The agent was asked for another stream: from now on a newer one takes over without harm to jobs here. */
  onAsked: () => void;
  /** No new jobs over this stream. */
  stopJobs: () => void;
  /** Whether no job runs over this stream. */
  idle: () => boolean;
  end: () => void;
}

const POLL_MS = 50;
/** What agents are told; the server's own grace time ends the stream in any case. */
const CLOSE_AFTER_MS = 10_000;
const LONGEST_TIMER_MS = 2_147_483_647;

/**
 * Asks the agent for another stream before its token expires and when the server drains; a draining server's stream
 * ends as soon as its jobs are done. @returns calls it off
 */
export function planHandover(options: HandoverOptions): () => void {
  const { ctx, now } = options;
  let expiry: NodeJS.Timeout | undefined;
  let poll: NodeJS.Timeout | undefined;
  const ask = (closeAt: Date, reason: string) => {
    options.onAsked();
    options.post({ providerId: '', deviceId: '', body: { $case: 'drainRequested', value: { closeAt, reason } } });
  };

  const { expiresAt } = ctx.identity;
  if (expiresAt !== undefined) {
    const leftMs = expiresAt.getTime() - now();
    // Short tokens (tests, careful deployments) still leave half their life for work.
    const delayMs = Math.max(leftMs / 2, leftMs - options.drainBeforeExpiryMs);
    if (delayMs < LONGEST_TIMER_MS) {
      expiry = setTimeout(() => ask(expiresAt, 'the token is about to expire'), Math.max(0, delayMs)).unref();
    }
  }
  const onDraining = () => {
    clearTimeout(expiry);
    options.stopJobs();
    ask(new Date(now() + CLOSE_AFTER_MS), 'the market is going down');
    poll = setInterval(() => {
      if (options.idle()) options.end();
    }, POLL_MS);
  };
  if (ctx.draining.aborted) onDraining();
  else ctx.draining.addEventListener('abort', onDraining, { once: true });
  return () => {
    clearTimeout(expiry);
    clearInterval(poll);
    ctx.draining.removeEventListener('abort', onDraining);
  };
}
