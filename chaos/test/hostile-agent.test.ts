import { njordr } from '@edda/contracts';
import { describe, expect, it } from 'vitest';
import { serve } from '../src/market/hostile-agent.ts';
import { createOutgoing } from '../src/market/outgoing.ts';
import { createRandom } from '../src/market/random.ts';
import { type AgentFault, faults } from '../src/market/schedule.ts';

const job = njordr.Job.fromPartial({ jobId: 'j1', attempt: 2 });

/** Everything it says about one job, and whether it hangs up after that. */
function play(fault: AgentFault, seed = 1) {
  const said: NonNullable<njordr.AgentMessage['body']>[] = [];
  let hungUp = false;
  const means = { send: (body: (typeof said)[number]) => void said.push(body), random: createRandom(seed) };
  serve(job, fault, { ...means, disconnect: () => void (hungUp = true) });
  return { said, hungUp, names: said.map(({ $case }) => $case) };
}
const seeds = Array.from({ length: 40 }, (_, seed) => seed);

describe('the provider that cannot be trusted', () => {
  it('answers as agreed while it behaves', () => {
    const { said, names, hungUp } = play('none');
    expect(names).toEqual(['jobAccepted', ...Array<string>(8).fill('chunk'), 'done']);
    const sequences = said.flatMap((body) => (body.$case === 'chunk' ? [body.value.sequence] : []));
    expect(sequences).toEqual([1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n]);
    expect(said.at(-1)?.value).toMatchObject({ jobId: 'j1', attempt: 2, lastSequence: 8n, claimedOutputTokens: 8n });
    expect(hungUp).toBe(false);
  });

  it('does what each fault says, before its first word and in the middle of it', () => {
    expect(play('refuses').names).toEqual(['jobRejected']);
    expect(play('lies').said.at(-1)?.value).toMatchObject({ claimedOutputTokens: 1_000_000n, lastSequence: 8n });
    for (const fault of ['stalls', 'disconnects', 'garbles'] as const) {
      const lengths = new Set(
        seeds.map((seed) => {
          const { said, names, hungUp } = play(fault, seed);
          expect(names).not.toContain('done');
          expect(hungUp).toBe(fault === 'disconnects');
          const last = said.at(-1)?.value;
          if (fault === 'garbles') expect(last).toMatchObject({ jobId: 'j1-not', attempt: 9, sequence: 99n });
          return names.filter((name) => name === 'chunk').length - (fault === 'garbles' ? 1 : 0);
        }),
      );
      // Both sides of the first token: they end in different rows of the table of who pays what.
      expect(lengths.has(0)).toBe(true);
      expect(Math.max(...lengths)).toBe(7);
    }
  });

  it('does the same again for the same seed', () => {
    for (const fault of faults) expect(play(fault, 5)).toEqual(play(fault, 5));
  });
});

describe('what is to be sent', () => {
  it('goes out in order, also what is pushed while nobody waits, and ends when it is finished', async () => {
    const outgoing = createOutgoing<number>();
    outgoing.push(1);
    const read = Array.fromAsync(outgoing);
    await Promise.resolve();
    outgoing.push(2);
    outgoing.push(3);
    outgoing.finish();
    expect(await read).toEqual([1, 2, 3]);
  });
});
