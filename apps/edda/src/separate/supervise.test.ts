import { expect, it } from 'vitest';
import { type RestartPolicy, supervise } from './supervise.ts';

const policy: RestartPolicy = { baseMs: 1, maxMs: 4, maxRestarts: 3, wellAfterMs: 60_000 };

/** Parts that end when the test says so; each start takes what `starts` has next, `true` or what keeps it from starting. */
function workshop(...starts: (true | string)[]) {
  const ends: ((how: string) => void)[] = [];
  const closed: number[] = [];
  const lines: string[] = [];
  const givenUp = Promise.withResolvers<string>();
  const supervised = supervise({
    name: 'forge',
    policy,
    tell: (line) => void lines.push(line),
    onGivenUp: ({ message }) => givenUp.resolve(message),
    async start(last: { number: number; ended: Promise<string>; close(): Promise<void> } | undefined) {
      const how = starts.shift() ?? 'nothing left to start with';
      if (how !== true) throw new Error(how);
      const end = Promise.withResolvers<string>();
      ends.push(end.resolve);
      const number = (last?.number ?? 0) + 1;
      return { number, ended: end.promise, close: async () => void (closed.push(number), end.resolve('closed')) };
    },
  });
  return { supervised, ends, closed, lines, givenUp: givenUp.promise };
}

it('starts again what ends by itself, from what the last one had, and says so', async () => {
  const { supervised, ends, closed, lines } = workshop(true, 'no fire', true);
  const forge = await supervised;
  ends[0]?.('SIGKILL');
  await expect.poll(() => lines).toHaveLength(3);
  expect(lines).toEqual([
    'forge ended (SIGKILL); starting it again in 0.001 s',
    'forge did not start (no fire); starting it again in 0.002 s',
    'forge runs again',
  ]);
  expect(forge.current().number).toBe(2);
  await forge.close();
  expect(closed).toEqual([2]);
  expect(lines).toHaveLength(3);
});

it('gives up a part that keeps ending, and says which', async () => {
  const { supervised, ends, givenUp } = workshop(true, 'no fire', 'no fire', 'no fire');
  const forge = await supervised;
  ends[0]?.('exit code 1');
  expect(await givenUp).toBe('forge did not start (no fire); it has ended too often');
  await forge.close();
});

it('what cannot start at all is not tried again', async () => {
  const { supervised, lines } = workshop('no anvil', true);
  await expect(supervised).rejects.toThrow('no anvil');
  expect(lines).toEqual([]);
});
