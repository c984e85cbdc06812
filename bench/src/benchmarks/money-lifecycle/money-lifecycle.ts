import { join } from 'node:path';
import { type Benchmark, type Contest, type Sample } from '../../harness/benchmark.ts';
import { type LoadResult } from '../../load/latencies.ts';
import { descendantsCpuMicros } from '../../processes/descendants-cpu.ts';
import { type Child } from '../../processes/start-child.ts';
import { startChildren } from '../../processes/start-children.ts';
import { type MoneyInput, type MoneyLoad } from './money-load.ts';

const load: MoneyLoad = { ms: 3_000, concurrency: 64 };

/** Hold, capture and settle at the store, requests of 1,000 users. */
export const moneyLifecycle: Benchmark = {
  name: 'money-lifecycle',
  description:
    'hold → capture → settle at the store, durable, with idempotency, audit and outbox rows; 64 at once, 1,000 wallets',
  yardstick: 'the same rows as interactive transactions, one prepared statement after the other',
  unit: 'lifecycles/s',
  target: { ratio: 8, better: 'higher' },
  setup: () => setup(1_000),
};

/** The same, all of them on one wallet. */
export const moneyLifecycleHot: Benchmark = {
  ...moneyLifecycle,
  name: 'money-lifecycle-hot',
  description: 'the same with one wallet that every request is paid from',
  target: { ratio: 4, better: 'higher' },
  setup: () => setup(1),
};

function setup(wallets: number): Promise<Contest> {
  return startChildren(async (start) => {
    const open = (side: MoneyInput['side']) =>
      start(join(import.meta.dirname, 'money-process.ts'), { side, wallets } satisfies MoneyInput);
    const [subject, yardstick] = [await open('batched'), await open('interactive')];
    return { runSubject: () => measure(subject), runYardstick: () => measure(yardstick) };
  });
}

async function measure(side: Child<unknown>): Promise<Sample> {
  const before = { own: await side.ask<number>('cpu'), postgres: descendantsCpuMicros(side.pid) ?? 0 };
  const { calls, seconds, p50LatencyMs, p99LatencyMs } = await side.ask<LoadResult>('run', load);
  const own = (await side.ask<number>('cpu')) - before.own;
  const postgres = (descendantsCpuMicros(side.pid) ?? 0) - before.postgres;
  const violations = await side.ask<number>('violations');
  if (violations > 0) throw new Error(`${violations} violations of the ledger's invariants`);
  return {
    value: calls / seconds,
    cpuMicrosPerOperation: own / calls,
    details: { p50LatencyMs, p99LatencyMs, postgresCpuMicrosPerOperation: postgres / calls },
  };
}
