import { Worker } from 'node:worker_threads';
import { type CountedMessage } from './chat-formats.ts';
import { type CountAnswer, type CountJob } from './count-job.ts';
import { type CountResult, type TokenCounter, type TokenCounterOptions } from './create-token-counter.ts';
import { countingBusy, countingLate, countingLost } from './faults.ts';

/** Counting where the caller can wait. */
export interface AsyncTokenCounter {
  countText(model: string, text: string): Promise<CountResult>;
  countMessages(model: string, messages: readonly CountedMessage[]): Promise<CountResult>;
}

export interface CounterPool extends AsyncTokenCounter {
  /** Ends the threads; what they were counting is refused. */
  close(): Promise<void>;
}

export interface CounterPoolOptions {
  /** Counts what is small, in the calling thread. */
  counter: TokenCounter;
  /** The table and calibration the threads count with: those of `counter`. */
  options: () => TokenCounterOptions;
  /** Most threads. They start when first needed and stay. */
  threads?: number;
  /** Inputs from this many UTF-16 units on go to a thread. */
  largeUnits?: number;
  /** Large inputs that may wait or be counted at once, all together. */
  maxJobs?: number;
  /** Longest a large input may take, waiting included, ms. */
  deadlineMs?: number;
}

type Input = CountJob['input'];

interface Pending {
  job: CountJob;
  resolve: (result: CountResult) => void;
  reject: (error: unknown) => void;
  timer: NodeJS.Timeout;
  thread?: Thread;
}

interface Thread {
  worker: Worker;
  current?: Pending | undefined;
}

/** Beside this file from source, beside the bundle's code in a bundle. */
const workerFile = new URL(
  import.meta.url.endsWith('.ts') ? './count-worker.ts' : './count-worker.js',
  import.meta.url,
);
const RETRY_AFTER_MS = 1_000;

/**
 * Counts small inputs at once and large ones in threads, so that no text keeps other calls from being answered.
 * Refused with RATE_LIMITED while `maxJobs` are under way, with DEADLINE_EXCEEDED after `deadlineMs` (the thread is
 * replaced then), with DEPENDENCY_UNAVAILABLE when a thread dies.
 */
export function createCounterPool(given: CounterPoolOptions): CounterPool {
  const { counter, options, threads: most = 2, largeUnits = 65_536, maxJobs = 32, deadlineMs = 10_000 } = given;
  const threads = new Set<Thread>();
  const waiting: Pending[] = [];
  const open = new Set<Pending>();
  let lastId = 0;
  let closed = false;

  function count(model: string, input: Input): Promise<CountResult> {
    if (closed) return Promise.reject(countingLost());
    if (open.size >= maxJobs) return Promise.reject(countingBusy(RETRY_AFTER_MS));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => expire(pending), deadlineMs);
      const pending: Pending = { job: { id: ++lastId, model, input, options: options() }, resolve, reject, timer };
      open.add(pending);
      waiting.push(pending);
      next();
    });
  }

  /** Gives waiting work to idle threads. */
  function next(): void {
    while (waiting.length > 0) {
      const thread = idleThread();
      const pending = thread === undefined ? undefined : waiting.shift();
      if (thread === undefined || pending === undefined) return;
      thread.current = pending;
      pending.thread = thread;
      thread.worker.ref();
      thread.worker.postMessage(pending.job);
    }
  }

  function idleThread(): Thread | undefined {
    for (const thread of threads) if (thread.current === undefined) return thread;
    return threads.size < most ? start() : undefined;
  }

  function start(): Thread {
    const thread: Thread = { worker: new Worker(workerFile) };
    threads.add(thread);
    thread.worker.on('message', ({ id, result }: CountAnswer) => {
      const { current } = thread;
      if (current?.job.id !== id) return;
      thread.current = undefined;
      thread.worker.unref();
      settle(current);
      current.resolve(result);
      next();
    });
    thread.worker.on('error', (error) => drop(thread, error));
    thread.worker.on('exit', () => drop(thread));
    return thread;
  }

  function settle(pending: Pending): void {
    clearTimeout(pending.timer);
    open.delete(pending);
  }

  function drop(thread: Thread, cause?: unknown): void {
    threads.delete(thread);
    const { current } = thread;
    thread.current = undefined;
    if (current !== undefined && open.has(current)) {
      settle(current);
      current.reject(countingLost(cause));
    }
    if (!closed) next();
  }

  function expire(pending: Pending): void {
    settle(pending);
    pending.reject(countingLate(deadlineMs));
    const place = waiting.indexOf(pending);
    if (place >= 0) waiting.splice(place, 1);
    // Its thread may be stuck in the text.
    const { thread } = pending;
    if (thread?.current !== pending) return;
    void thread.worker.terminate();
    drop(thread);
  }

  return {
    async countText(model, text) {
      return text.length < largeUnits ? counter.countText(model, text) : count(model, text);
    },
    async countMessages(model, messages) {
      return unitsOf(messages) < largeUnits ? counter.countMessages(model, messages) : count(model, messages);
    },
    async close() {
      closed = true;
      for (const pending of [...open]) {
        settle(pending);
        pending.reject(countingLost());
      }
      waiting.length = 0;
      await Promise.all([...threads].map(({ worker }) => worker.terminate()));
    },
  };
}

const unitsOf = (messages: readonly CountedMessage[]): number =>
  messages.reduce((sum, { role, content, name }) => sum + role.length + content.length + (name?.length ?? 0), 0);
