import { join } from 'node:path';
import { type Benchmark, type Contest, type Sample } from '../../harness/benchmark.ts';
import { type GrpcCall } from '../../load/grpc-connection.ts';
import { type GrpcLoad } from '../../load/grpc-load.ts';
import { type LoadResult } from '../../load/latencies.ts';
import { type Child } from '../../processes/start-child.ts';
import { startChildren } from '../../processes/start-children.ts';

/** As h2load runs: enough in flight to keep the server's one thread busy at all times. */
const load = { connections: 4, concurrency: 16, ms: 2_500 };

/** A unary call of Heidrun's hottest method against what gRPC itself costs. */
export const pricingUnary: Benchmark = {
  name: 'pricing-unary',
  description: 'Heidrun answers CalculatePricing with token, validation, deadline, metrics; 64 calls in flight',
  yardstick: 'a bare grpc-js server that answers the same bytes, in a process of its own under the same load',
  unit: 'calls/s',
  target: { ratio: 0.75, better: 'higher' },
  setup,
};

async function setup(): Promise<Contest> {
  const { pricingCall } = await import('./pricing-call.ts');
  return startChildren(async (start) => {
    const subject = await start<{ port: number; token: string }>(join(import.meta.dirname, 'heidrun-process.ts'));
    const call = pricingCall(subject.ready.token);
    const answer = Buffer.from(call.expected).toString('hex');
    const yardstick = await start<{ port: number }>(join(import.meta.dirname, 'echo-process.ts'), {
      path: call.path,
      answer,
    });
    const driver = await start(join(import.meta.dirname, '../../load/load-process.ts'));
    return {
      runSubject: () => measure(driver, subject, call),
      runYardstick: () => measure(driver, yardstick, call),
    };
  });
}

async function measure(driver: Child<unknown>, server: Child<{ port: number }>, call: GrpcCall): Promise<Sample> {
  const before = await server.ask<number>('cpu');
  const asked: GrpcLoad = { ...load, port: server.ready.port, call };
  const { calls, seconds, p50LatencyMs, p99LatencyMs } = await driver.ask<LoadResult>('grpc', asked);
  const cpuMicros = (await server.ask<number>('cpu')) - before;
  return {
    value: calls / seconds,
    cpuMicrosPerOperation: cpuMicros / calls,
    details: { p50LatencyMs, p99LatencyMs, serverCpuShare: cpuMicros / 1e6 / seconds },
  };
}
