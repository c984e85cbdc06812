import { type nornen } from '@edda/contracts';
import { Fault } from '@edda/faults';
import { type GrpcClient } from '@edda/grpc-kit';
import { type OutboxEvent } from '@edda/pg-kit';
import { type Logger } from '@edda/telemetry';
import { toWireEvent } from './to-wire-event.ts';

/** How long one delivery to the history may take, ms; below the relay's own limit of 10 s. */
const DELIVERY_MS = 8_000;

export interface DeliverDeps {
  history: Pick<GrpcClient<typeof nornen.HistoryServiceService>, 'ingestEvents'>;
  logger: Logger;
}

/**
 * Sends a batch of events to Nornen's history; it stores each once, however often it comes. One that contradicts what
 * it has is refused for good, after the rest of the batch was stored: it is logged and left behind, as repeating it
 * would hold up every subject of the partition for ever.
 */
export function createDeliverEvents({ history, logger }: DeliverDeps) {
  return async (batch: readonly OutboxEvent[], signal: AbortSignal): Promise<void> => {
    try {
      await history.ingestEvents(once({ events: batch.map(toWireEvent) }), { signal, deadlineMs: DELIVERY_MS });
    } catch (error) {
      if (!(error instanceof Fault) || error.reason !== 'EVENT_SEQUENCE_CONFLICT') throw error;
      logger.error(
        { ...error.metadata, err: error },
        'the history has another event in this place; ours is left behind',
      );
    }
  };
}

async function* once<Message>(message: Message): AsyncGenerator<Message> {
  yield message;
}
