import { type RunningCall } from '@edda/grpc-kit';
import { type Logger } from '@edda/telemetry';
import { type FastifyRequest } from 'fastify';

/** The route's pattern, never the path itself: a metric's labels must be few. */
export function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? 'unknown';
}

/** The one line each request leaves. */
export function logRequest(
  logger: Logger,
  { identity, requestId }: RunningCall,
  ended: { method: string; route: string; status: number; ms: number },
): void {
  const level = ended.status >= 500 ? 'warn' : 'info';
  if (!logger.isLevelEnabled(level)) return;
  const { subject, networkId, actor } = identity;
  logger[level](
    {
      method: ended.method,
      route: ended.route,
      status: ended.status,
      duration_ms: Math.round(ended.ms * 1_000) / 1_000,
      caller: actor?.subject ?? subject,
      ...(actor !== undefined && { acting_for: subject }),
      network_id: networkId,
      request_id: requestId,
    },
    'request',
  );
}
