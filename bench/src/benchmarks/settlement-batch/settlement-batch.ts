import { join } from 'node:path';
import { type Benchmark, type Contest, type Sample } from '../../harness/benchmark.ts';
import { type Child } from '../../processes/start-child.ts';
import { startChildren } from '../../processes/start-children.ts';
import { type Split } from './split.ts';

const items = 10_000;
/** Calls of the subject in one round: enough that a round takes a few hundred milliseconds. */
const batches = 10;

/** What a caller with many costs saves by naming them in one call. */
export const settlementBatch: Benchmark = {
  name: 'settlement-batch',
  description: 'BatchCalculateSettlement splits 10,000 costs in one call; every part is checked',
  yardstick: 'the same client calls CalculateSettlement once per cost, 64 calls in flight',
  unit: 'items/s',
  target: { ratio: 50, better: 'higher' },
  setup,
};

async function setup(): Promise<Contest> {
  return startChildren(async (start) => {
    const heidrun = await start<{ port: number; token: string }>(
      join(import.meta.dirname, '../pricing-unary/heidrun-process.ts'),
    );
    const client = await start(join(import.meta.dirname, 'split-process.ts'), heidrun.ready);
    return {
      runSubject: () => measure(client, heidrun, { way: 'batch', items, times: batches }),
      runYardstick: () => measure(client, heidrun, { way: 'single', items, times: 1 }),
    };
  });
}

async function measure(client: Child<unknown>, heidrun: Child<unknown>, wanted: Split): Promise<Sample> {
  const before = await heidrun.ask<number>('cpu');
  const seconds = await client.ask<number>('split', wanted);
  const cpuMicros = (await heidrun.ask<number>('cpu')) - before;
  const done = wanted.items * wanted.times;
  return {
    value: done / seconds,
    cpuMicrosPerOperation: cpuMicros / done,
    details: { msPerTenThousand: (seconds * 1_000 * 10_000) / done },
  };
}
