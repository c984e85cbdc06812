import { driveConnection, type GrpcCall } from './grpc-connection.ts';
import { type LoadResult, loadResult } from './latencies.ts';

export interface GrpcLoad {
  port: number;
  call: GrpcCall;
  connections: number;
  /** Calls in flight on each connection. */
  concurrency: number;
  ms: number;
}

/** Keeps a server on loopback busy for a while. @throws Error on the first wrong answer */
export async function grpcLoad({ port, call, connections, concurrency, ms }: GrpcLoad): Promise<LoadResult> {
  const startedAt = performance.now();
  const options = { port, call, concurrency, until: startedAt + ms };
  const latencies = await Promise.all(Array.from({ length: connections }, () => driveConnection(options)));
  return loadResult(latencies.flat(), (performance.now() - startedAt) / 1_000);
}
