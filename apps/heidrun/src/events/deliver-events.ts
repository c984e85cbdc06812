import { type nornen } from '@edda/contracts';
import { type GrpcClient } from '@edda/grpc-kit';
import { type OutboxEvent } from '@edda/pg-kit';
import { toWireEvent } from './to-wire-event.ts';

/** How long one delivery to the history may take, ms; below the relay's own limit of 10 s. */
const DELIVERY_MS = 8_000;

/** Sends a batch of events to Nornen's history; it stores each once, however often it comes. */
export function createDeliverEvents(history: GrpcClient<typeof nornen.HistoryServiceService>) {
  return async (batch: readonly OutboxEvent[], signal: AbortSignal): Promise<void> => {
    await history.ingestEvents(once({ events: batch.map(toWireEvent) }), { signal, deadlineMs: DELIVERY_MS });
  };
}

async function* once<Message>(message: Message): AsyncGenerator<Message> {
  yield message;
}
