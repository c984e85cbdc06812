import { health } from '@edda/contracts';
import { silentLogger } from '@edda/telemetry';
import { createGrpcClient } from './client.ts';
import { type ClientTls } from './tls.ts';

export type ServingStatus = 'SERVING' | 'NOT_SERVING' | 'UNKNOWN';

/**
 * Asks grpc.health.v1 once; for container health checks and start-up waits.
 * @param options.service full name, '' for the server as a whole
 * @param options.timeoutMs 2,000 by default
 * @throws Fault when the server does not answer in time or does not know the service
 */
export async function checkHealth(
  address: string,
  options: { service?: string; timeoutMs?: number; tls?: ClientTls } = {},
): Promise<ServingStatus> {
  const { service = '', timeoutMs = 2_000, tls } = options;
  const client = createGrpcClient(health.HealthService, {
    address,
    logger: silentLogger(),
    retries: false,
    breaker: false,
    connectTimeoutMs: timeoutMs,
    ...(tls !== undefined && { tls }),
  });
  try {
    const { status } = await client.check({ service }, { deadlineMs: timeoutMs });
    if (status === health.HealthCheckResponse_ServingStatus.SERVING) return 'SERVING';
    return status === health.HealthCheckResponse_ServingStatus.NOT_SERVING ? 'NOT_SERVING' : 'UNKNOWN';
  } finally {
    client.close();
  }
}
