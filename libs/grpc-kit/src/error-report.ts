import { randomUUID } from 'node:crypto';
import { asFault, Fault } from '@edda/faults';
import { type Logger } from '@edda/telemetry';

/**
 * The fault to answer with. Internal ones get an `error_id` (in ErrorInfo's metadata, as other trailers are lost on
 * some clients) and their cause is logged once with it; one that came from another service keeps its id.
 */
export function reportError(error: unknown, logger: Logger, fields: { method: string; request_id: string }): Fault {
  const fault = asFault(error);
  if (fault.kind !== 'internal' || fault.metadata.error_id !== undefined) return fault;
  const errorId = randomUUID();
  logger.error({ error_id: errorId, ...fields, err: fault.cause ?? fault }, 'call failed');
  return new Fault(fault.kind, fault.reason, fault.message, {
    domain: fault.domain,
    metadata: { ...fault.metadata, error_id: errorId },
    cause: fault.cause,
  });
}
