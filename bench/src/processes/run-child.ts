import { type Question, type Report } from './messages.ts';

export interface ChildPlan {
  /** What the benchmark needs to know, such as the port. */
  ready: unknown;
  /** Beside these, every child answers `cpu`: the CPU time it has used so far, µs. */
  answers?: Readonly<Record<string, (body: never) => unknown>>;
  close: () => Promise<void>;
}

/** The body of a process started by `startChild`: opens, answers questions, and closes when the benchmark is gone. */
export function runChild<Input>(open: (input: Input) => Promise<ChildPlan>): void {
  let plan: ChildPlan | undefined;
  const opening = open(JSON.parse(process.argv[2] ?? '{}') as Input);
  const end = (code: number) => {
    opening
      .then((opened) => opened.close())
      // What kept it from opening has been reported already.
      .catch(() => undefined)
      .finally(() => process.exit(code));
  };
  process.on('disconnect', () => end(0));
  process.on('SIGTERM', () => end(1));
  // Ctrl-C reaches the whole group of processes; this one follows the benchmark, which closes it in order.
  process.on('SIGINT', () => undefined);
  process.on('message', (question: Question) => void answer(question));
  opening.then(
    (opened) => {
      plan = opened;
      send({ type: 'ready', value: opened.ready });
    },
    (error: unknown) =>
      send({ type: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );

  async function answer({ id, name, body }: Question): Promise<void> {
    try {
      const handler = name === 'cpu' ? ownCpuMicros : plan?.answers?.[name];
      if (handler === undefined) throw new Error(`no answer to ${name}`);
      send({ type: 'answer', id, value: await handler(body as never) });
    } catch (error) {
      send({ type: 'error', id, value: error instanceof Error ? error.message : String(error) });
    }
  }
}

function ownCpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function send(report: Report): void {
  if (process.connected) process.send?.(report);
}
