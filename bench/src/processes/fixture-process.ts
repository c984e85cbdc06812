import { writeFileSync } from 'node:fs';
import { runChild } from './run-child.ts';

/** For the tests: opens, fails to open, answers, fails to answer, and leaves a trace when it has closed. */
runChild(async ({ trace, broken }: { trace: string; broken?: boolean }) => {
  if (broken === true) throw new Error('cannot open');
  const answers = {
    double: (value: number) => value * 2,
    refuse: () => Promise.reject(new Error('will not')),
    leave: () => process.exit(3),
    work: (ms: number) => {
      const end = performance.now() + ms;
      while (performance.now() < end);
    },
  };
  return { ready: { at: 'work' }, answers, close: async () => writeFileSync(trace, 'closed') };
});
