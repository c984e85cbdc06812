import { fork } from 'node:child_process';
import { once } from 'node:events';
import { type Question, type Report } from './messages.ts';

/** A process that one side of a benchmark runs in, so that neither shares a thread or a heap with the other. */
export interface Child<Ready> {
  readonly pid: number;
  /** What it had to tell when it was ready. */
  readonly ready: Ready;
  /** @throws Error with the child's message, or when the child ends before it answers */
  ask<Answer>(name: string, body?: unknown): Promise<Answer>;
  /** Lets it close what it opened; after 20 s it is killed. */
  close(): Promise<void>;
}

const closeWithinMs = 20_000;

/**
 * Starts a TypeScript file that calls `runChild`, and waits until it is ready. Its output goes to stderr. It ends by
 * itself when this process does, however that happens: it sees the channel between the two close.
 */
export async function startChild<Ready>(file: string, input: unknown = {}): Promise<Child<Ready>> {
  const child = fork(file, [JSON.stringify(input)], {
    stdio: ['ignore', 2, 2, 'ipc'],
    serialization: 'advanced',
    execArgv: process.execArgv.filter((flag) => !flag.startsWith('--cpu-prof')),
  });
  const exited = once(child, 'exit');
  const started = Promise.withResolvers<Ready>();
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let questions = 0;
  child.on('message', (report: Report) => {
    if (report.type === 'ready') started.resolve(report.value as Ready);
    else if (report.type === 'failed') started.reject(new Error(`${file}: ${report.message}`));
    else {
      const { resolve, reject } = waiting.get(report.id) ?? started;
      waiting.delete(report.id);
      if (report.type === 'answer') resolve(report.value as Ready);
      else reject(new Error(String(report.value)));
    }
  });
  child.on('exit', (code, signal) => {
    const error = new Error(`${file} ended with ${signal ?? code}`);
    started.reject(error);
    for (const { reject } of waiting.values()) reject(error);
  });
  const close = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    if (child.connected) child.disconnect();
    const timer = setTimeout(() => child.kill('SIGKILL'), closeWithinMs);
    await exited;
    clearTimeout(timer);
  };
  const ready = await started.promise.catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return {
    pid: child.pid ?? 0,
    ready,
    ask: <Answer>(name: string, body?: unknown) =>
      new Promise<Answer>((resolve, reject) => {
        const question: Question = { id: questions++, name, body };
        waiting.set(question.id, { resolve: resolve as (value: unknown) => void, reject });
        child.send(question, (error) => error && reject(error));
      }),
    close,
  };
}
