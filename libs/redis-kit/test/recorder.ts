import { waitFor } from '@edda/testing';
import { type Subscriber } from '../src/index.ts';

/** A subscriber that writes down what it hears. */
export function recorder(): Subscriber & { messages: string[]; synced: (times: number) => Promise<unknown> } {
  const messages: string[] = [];
  let syncs = 0;
  return {
    messages,
    onMessage: (message) => void messages.push(message),
    onSync: () => void (syncs += 1),
    synced: (times) => waitFor(() => syncs >= times, { what: 'the subscription' }),
  };
}
