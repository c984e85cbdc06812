import { join } from 'node:path';
import { type Benchmark, type Contest, type Sample } from '../../harness/benchmark.ts';
import { type HttpLoad } from '../../load/http-load.ts';
import { type LoadResult } from '../../load/latencies.ts';
import { descendantsCpuMicros } from '../../processes/descendants-cpu.ts';
import { type Child } from '../../processes/start-child.ts';
import { startChildren } from '../../processes/start-children.ts';
import { answer, chatBody } from './chat.ts';

const concurrency = 16;
const peakMs = 2_500;
const steadyMs = 2_000;

interface Side {
  url: string;
  tokens: readonly string[];
  process: Child<unknown>;
}

/**
 * What the market adds to a model's answer. The target follows from the aim that all services and PostgreSQL together
 * use at most three times the CPU of an ordinary gateway without money: that is 1 to 2.3 ms a request, while the
 * upstream alone answers in about 0.1 ms.
 */
export const lifecycleEdge: Benchmark = {
  name: 'lifecycle-edge',
  description: 'POST /v1/chat/completions through the whole market, all money durable; 16 requests at once',
  yardstick: 'the same upstream called directly, under the same load',
  unit: 'requests/s',
  target: { ratio: 0.1, better: 'higher' },
  setup,
};

async function setup(): Promise<Contest> {
  return startChildren(async (start) => {
    const upstream = await start<{ url: string }>(join(import.meta.dirname, 'upstream-process.ts'));
    const market = await start<{ url: string; tokens: string[] }>(join(import.meta.dirname, 'market-process.ts'), {
      upstream: upstream.ready.url,
    });
    const driver = await start(join(import.meta.dirname, '../../load/load-process.ts'));
    const subject: Side = { url: `${market.ready.url}/v1`, tokens: market.ready.tokens, process: market };
    const yardstick: Side = { url: upstream.ready.url, tokens: ['none'], process: upstream };
    // Half of what the market can take: both sides' latencies are then compared at the same rate.
    let rate = 1;
    return {
      runSubject: async () => {
        const peak = await measurePeak(driver, subject);
        rate = Math.max(1, peak.value / 2);
        return withLatencies(peak, await drive(driver, subject, { ms: steadyMs, rate }), rate);
      },
      runYardstick: async () => {
        const peak = await measurePeak(driver, yardstick);
        return withLatencies(peak, await drive(driver, yardstick, { ms: steadyMs, rate }), rate);
      },
    };
  });
}

function drive(driver: Child<unknown>, { url, tokens }: Side, load: { ms: number; rate?: number }) {
  const asked: HttpLoad = {
    ...load,
    url: `${url}/chat/completions`,
    tokens,
    body: chatBody,
    expected: answer,
    concurrency,
  };
  return driver.ask<LoadResult>('http', asked);
}

async function measurePeak(driver: Child<unknown>, side: Side): Promise<Sample> {
  const postgres = () => descendantsCpuMicros(side.process.pid);
  const before = { own: await side.process.ask<number>('cpu'), postgres: postgres() };
  const { calls, seconds } = await drive(driver, side, { ms: peakMs });
  const own = (await side.process.ask<number>('cpu')) - before.own;
  const after = postgres();
  const ofPostgres = after === undefined || before.postgres === undefined ? 0 : after - before.postgres;
  return {
    value: calls / seconds,
    cpuMicrosPerOperation: own / calls,
    ...(ofPostgres > 0 && { details: { postgresCpuMicrosPerOperation: ofPostgres / calls } }),
  };
}

function withLatencies(peak: Sample, { p50LatencyMs, p99LatencyMs }: LoadResult, ratePerSecond: number): Sample {
  return { ...peak, details: { ...peak.details, p50LatencyMs, p99LatencyMs, ratePerSecond } };
}
