import { type Fault } from '@edda/faults';
import { type Logger } from '@edda/telemetry';
import { codeName } from './call-metrics.ts';
import { type RunningCall } from './running-call.ts';

/** The one line each call leaves: what was called, by whom, how it ended and how long it took. */
export function logCall(
  logger: Logger,
  running: RunningCall,
  ended: { code: number; ms: number; fault?: Fault },
): void {
  const level = ended.fault?.kind === 'internal' ? 'warn' : 'info';
  // Asked first, because building the line costs more than the rest of the bookkeeping.
  if (!logger.isLevelEnabled(level)) return;
  const { subject, networkId, actor } = running.identity;
  logger[level](
    {
      method: running.method,
      code: codeName(ended.code),
      duration_ms: Math.round(ended.ms * 1_000) / 1_000,
      caller: actor?.subject ?? subject,
      ...(actor !== undefined && { acting_for: subject }),
      network_id: networkId,
      request_id: running.requestId,
      ...(ended.fault !== undefined && { reason: ended.fault.reason }),
    },
    'call',
  );
}
