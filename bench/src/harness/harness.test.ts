import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Benchmark, type Sample } from './benchmark.ts';
import { benchCommand } from './command.ts';
import { median } from './median.ts';
import { runBenchmark } from './run-benchmark.ts';

/** A benchmark whose sides return the given values in turn, and which records the order it was called in. */
function fake({ subject = [1], yardstick = [1], target = { ratio: 0.75, better: 'higher' } as Benchmark['target'] }) {
  const calls: string[] = [];
  let turns = { subject: 0, yardstick: 0 };
  const take = (side: 'subject' | 'yardstick', values: readonly number[]): Sample => {
    calls.push(side);
    const value = values[turns[side]++ % values.length] ?? 0;
    return { value, ...(side === 'subject' ? { cpuMicrosPerOperation: value * 10 } : {}) };
  };
  const benchmark: Benchmark = {
    name: 'fake',
    description: 'a measured thing',
    yardstick: 'another thing',
    unit: 'calls/s',
    target,
    setup: async () => {
      turns = { subject: 0, yardstick: 0 };
      return {
        runSubject: async () => take('subject', subject),
        runYardstick: async () => take('yardstick', yardstick),
        teardown: async () => void calls.push('teardown'),
      };
    },
  };
  return { benchmark, calls };
}

const quiet = { rounds: 5, log: () => {} };

async function command(args: string[], benchmarks: Benchmark[]) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await benchCommand(args, benchmarks, { stdout: (t) => out.push(t), stderr: (t) => err.push(t) });
  return { code, out, err: err.join('\n') };
}

describe('median', () => {
  it('has as many values below as above, whatever their order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), (values) => {
        const middle = median(values);
        expect(values.filter((v) => v < middle).length).toBeLessThanOrEqual(values.length / 2);
        expect(values.filter((v) => v > middle).length).toBeLessThanOrEqual(values.length / 2);
      }),
    );
  });

  it('is the mean of the middle two of an even number, and nothing of none', () => {
    expect(median([4, 1, 3, 10])).toBe(3.5);
    expect(() => median([])).toThrow(RangeError);
  });
});

describe('runBenchmark', () => {
  it('warms both sides up, then alternates which goes first, then tears down', async () => {
    const { benchmark, calls } = fake({});
    await runBenchmark(benchmark, quiet);
    const [warmUp, s, y] = [
      ['subject', 'yardstick'],
      ['subject', 'yardstick'],
      ['yardstick', 'subject'],
    ];
    expect(calls).toEqual([...warmUp, ...s, ...y, ...s, ...y, ...s, 'teardown']);
  });

  it('divides the medians, so that one slow round does not count, and leaves the warm-up out', async () => {
    const { benchmark } = fake({ subject: [999, 8, 8, 1, 8, 8], yardstick: [999, 10, 10, 10, 500, 10] });
    const result = await runBenchmark(benchmark, quiet);
    expect(result).toMatchObject({ ratio: 0.8, met: true, rounds: 5, medians: { subject: 8, yardstick: 10 } });
    expect(result.raw.subject.map(({ value }) => value)).toEqual([8, 8, 1, 8, 8]);
    expect(result.cpuMicrosPerOperation).toEqual({ subject: 80 });
  });

  it.each([
    ['higher', 0.8, true],
    ['higher', 0.81, false],
    ['lower', 0.8, true],
    ['lower', 0.79, false],
  ] as const)('with %s better, a ratio of 0.8 against %d is met: %s', async (better, ratio, met) => {
    const { benchmark } = fake({ subject: [8], yardstick: [10], target: { ratio, better } });
    expect((await runBenchmark(benchmark, quiet)).met).toBe(met);
  });

  it('tears down when a round fails or measures nothing', async () => {
    const { benchmark, calls } = fake({ subject: [1, 0] });
    await expect(runBenchmark(benchmark, quiet)).rejects.toThrow('subject measured 0');
    expect(calls.at(-1)).toBe('teardown');
  });

  it('refuses fewer than five rounds', async () => {
    await expect(runBenchmark(fake({}).benchmark, { ...quiet, rounds: 4 })).rejects.toThrow(RangeError);
  });
});

describe('benchCommand', () => {
  it('lists name, subject, yardstick and target', async () => {
    const { code, out } = await command([], [fake({}).benchmark]);
    expect(code).toBe(0);
    for (const part of ['fake', 'a measured thing', 'another thing', '≥ 0.75 ×']) expect(out[0]).toContain(part);
  });

  it('prints one JSON object alone on stdout', async () => {
    const { out, err } = await command(['fake', '--json', '--rounds', '6'], [fake({}).benchmark]);
    expect(out).toHaveLength(1);
    const result = JSON.parse(out[0] ?? '') as object;
    expect(result).toMatchObject({ name: 'fake', ratio: 1, met: true, yardstick: 'another thing', rounds: 6 });
    expect(result).toHaveProperty('raw.yardstick.5.value', 1);
    expect(err).toContain('round 6/6');
  });

  it('says that a target was missed', async () => {
    const { out } = await command(['fake'], [fake({ subject: [1], yardstick: [2] }).benchmark]);
    expect(out[0]).toContain('0.500 × the yardstick, target ≥ 0.75 ×: MISSED');
  });

  it.each([[['nothing']], [['fake', 'other']], [['fake', '--rounds', '4']], [['fake', '--rounds', 'x']], [['--what']]])(
    'refuses %j with the list on stderr and an empty stdout',
    async (args) => {
      const { code, out, err } = await command(args, [fake({}).benchmark]);
      expect({ code, out }).toEqual({ code: 2, out: [] });
      expect(err).toContain('a measured thing');
    },
  );
});
