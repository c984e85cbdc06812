import { type Clock, type Logger } from '@edda/telemetry';
import { type Pool } from 'pg';
import { noteLine } from './provider-store.ts';

/** Writes down who is connected. Only the latest state of a provider counts, so a storm of reconnects stays small. */
export interface LineRecorder {
  note(providerId: string, line: { connected: boolean; agentVersion?: string }): void;
  /** Resolves once everything noted so far is written, or was given up. */
  flush(): Promise<void>;
}

export function createLineRecorder(deps: {
  pool: Pool;
  /** Of this process. */
  replicaId: string;
  clock: Clock;
  logger: Logger;
}): LineRecorder {
  const waiting = new Map<string, { connected: boolean; seenAt: Date; agentVersion?: string }>();
  let writing: Promise<void> | undefined;

  async function write(): Promise<void> {
    for (const [providerId, line] of waiting) {
      waiting.delete(providerId);
      try {
        await noteLine(deps.pool, providerId, { ...line, replicaId: deps.replicaId });
      } catch (error) {
        deps.logger.warn({ err: error, provider_id: providerId }, 'a provider’s line could not be noted');
      }
    }
    writing = undefined;
  }
  return {
    note(providerId, line) {
      waiting.set(providerId, { ...waiting.get(providerId), ...line, seenAt: deps.clock.now() });
      writing ??= Promise.resolve().then(write);
    },
    flush: () => writing ?? Promise.resolve(),
  };
}
