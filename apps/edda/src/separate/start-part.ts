import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { type PartMessage, type PartOrder, type PartReady, type PartReport } from './part-order.ts';

/** A part of the market in a process of its own. */
export interface Part {
  readonly pid: number;
  readonly ready: PartReady;
  /** How it ended, for people: `SIGKILL`, `exit code 1`. */
  readonly ended: Promise<string>;
  /** Lets it close in order; after 20 s it is killed. */
  close(): Promise<void>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
}

const program = join(import.meta.dirname, 'part-process.ts');

/** A service drains for up to 5 s and closes its own peers after that. */
const closeWithinMs = 20_000;
/** Longest wait for a part that is not ready: a cold start on a busy machine, migrations included. */
const readyWithinMs = 90_000;

/**
 * Starts a part and waits until it is ready. It ends by itself when this process does, however that happens.
 * @throws Error with what kept it from starting; its process is gone then
 */
export async function startPart(order: PartOrder): Promise<Part> {
  const child = spawnPart(order);
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code ?? 1}`));
    child.once('error', (error) => resolve(error.message));
  });
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  let timer: NodeJS.Timeout | undefined;
  try {
    const ready = await new Promise<PartReady>((resolve, reject) => {
      child.on('message', (report: PartReport) => {
        if (report.type === 'ready') resolve(report.value);
        else reject(new Error(`${order.part} could not start: ${report.message}`));
      });
      void ended.then((how) => reject(new Error(`${order.part} ended while it started: ${how}`)));
      timer = setTimeout(
        () => reject(new Error(`${order.part} is not ready after ${readyWithinMs / 1_000} s`)),
        readyWithinMs,
      );
      tell(child, { type: 'run', order });
    });
    return { pid: child.pid ?? 0, ready, ended, kill, close: () => closePart(child, ended) };
  } catch (error) {
    await kill();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** What it writes beside its log, such as the trace of a crash, goes to the same place. */
function spawnPart({ logFile }: PartOrder): ChildProcess {
  const output = logFile === undefined ? 2 : openSync(logFile, 'a');
  try {
    return fork(program, { stdio: ['ignore', output, output, 'ipc'], serialization: 'advanced' });
  } finally {
    if (output !== 2) closeSync(output);
  }
}

async function closePart(child: ChildProcess, ended: Promise<string>): Promise<void> {
  const timer = setTimeout(() => child.kill('SIGKILL'), closeWithinMs);
  tell(child, { type: 'close' });
  await ended;
  clearTimeout(timer);
}

/** One that is gone hears nothing; its end is noticed elsewhere. */
function tell(child: ChildProcess, message: PartMessage): void {
  if (child.connected) child.send(message, () => undefined);
}
