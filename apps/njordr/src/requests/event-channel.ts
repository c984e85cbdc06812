import { type njordr } from '@edda/contracts';
import { asFault, type Fault } from '@edda/faults';

type Event = njordr.ExecuteRequestResponse;

/** Where a running request puts what the requester is to see. */
export interface ExecutionSink {
  /**
   * @param signal takes back what was not taken yet
   * @returns true once it was taken; false when it was taken back, or nobody takes anything any more
   */
  put(event: Event, signal?: AbortSignal): boolean | Promise<boolean>;
}

/** A rendezvous of one producer and one consumer: the producer is as slow as the consumer, and knows what was taken. */
export interface EventChannel extends ExecutionSink {
  /** Everything put, in order; ends after `finish`. Leaving early is the same as `leave`. */
  read(): AsyncGenerator<Event, void, undefined>;
  /** The producer is done; `error` is thrown to the reader. */
  finish(error?: unknown): void;
  /** The consumer is gone: whatever is put from now on is not taken. */
  leave(): void;
}

export function createEventChannel(): EventChannel {
  let offered: { event: Event; taken: (taken: boolean) => void } | undefined;
  let wake: (() => void) | undefined;
  let finished: { fault: Fault | undefined } | undefined;
  let left = false;
  const ring = (): void => {
    wake?.();
    wake = undefined;
  };
  const leave = (): void => {
    left = true;
    offered?.taken(false);
    offered = undefined;
    ring();
  };
  return {
    put(event, signal) {
      if (left || signal?.aborted === true) return false;
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const takeBack = (): void => {
        if (offered === offer) offered = undefined;
        resolve(false);
      };
      const offer = {
        event,
        taken(taken: boolean) {
          signal?.removeEventListener('abort', takeBack);
          resolve(taken);
        },
      };
      signal?.addEventListener('abort', takeBack, { once: true });
      offered = offer;
      ring();
      return promise;
    },
    finish(error) {
      finished = { fault: error === undefined ? undefined : asFault(error) };
      ring();
    },
    leave,
    async *read() {
      try {
        while (!left) {
          if (offered !== undefined) {
            const { event, taken } = offered;
            offered = undefined;
            taken(true);
            yield event;
          } else if (finished !== undefined) {
            if (finished.fault !== undefined) throw finished.fault;
            return;
          } else {
            await new Promise<void>((resolve) => (wake = resolve));
          }
        }
      } finally {
        leave();
      }
    },
  };
}
