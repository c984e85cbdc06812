import { type Contest } from '../harness/benchmark.ts';
import { type Child, startChild } from './start-child.ts';

/** Sets up a contest between processes; all of them are closed at its teardown, or when the set-up fails. */
export async function startChildren(
  setup: (start: typeof startChild) => Promise<Omit<Contest, 'teardown'>>,
): Promise<Contest> {
  const children: Child<unknown>[] = [];
  const start: typeof startChild = async <Ready>(file: string, input?: unknown) => {
    const child = await startChild<Ready>(file, input);
    children.push(child);
    return child;
  };
  const teardown = async () => {
    for (const child of children.toReversed()) await child.close();
  };
  try {
    return { ...(await setup(start)), teardown };
  } catch (error) {
    await teardown();
    throw error;
  }
}
