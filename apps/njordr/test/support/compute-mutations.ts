import { randomUUID } from 'node:crypto';
import { type PreparedMutation, waitFor } from '@edda/testing';
import { collect, type OpenedRequests, parameters } from './open-requests.ts';
import { HANG, type ScriptStep, stop } from './scripted-hub.ts';

/** Every mutation about requests that is implemented, each by a requester of its own. */
export const computeMutations: Readonly<Record<string, (open: OpenedRequests) => Promise<PreparedMutation>>> = {
  'njordr.v1.ComputeService/ExecuteRequest': async (open) => {
    script(open, ['one', ' two', stop]);
    const { compute } = open.client(`u-${randomUUID()}`);
    const execute = async (idempotencyKey: string, changes = {}) => {
      const answer = await collect(compute.executeRequest({ idempotencyKey, parameters: parameters(changes) }));
      return { replayed: answer.accepted?.replayed ?? false, text: answer.text, receipt: answer.receipt };
    };
    return { call: (key) => execute(key), conflicting: (key) => execute(key, { maxOutputTokens: 5n }) };
  },
  'njordr.v1.ComputeService/CreateRequest': async (open) => {
    script(open, ['one', ' two', stop]);
    const { compute } = open.client(`u-${randomUUID()}`);
    let requestId = '';
    const create = async (idempotencyKey: string, changes = {}) => {
      const { request } = await compute.createRequest({ idempotencyKey, parameters: parameters(changes) });
      requestId = request!.requestId;
      return { requestId, transactionId: request!.transactionId };
    };
    return {
      call: (key) => create(key),
      conflicting: (key) => create(key, { maxOutputTokens: 5n }),
      settled: () => ended(open, requestId),
    };
  },
  'njordr.v1.ComputeService/CancelRequest': async (open) => {
    script(open, [HANG]);
    const { compute } = open.client(`u-${randomUUID()}`);
    const before = open.hub.jobs.length;
    const { request } = await compute.createRequest({ idempotencyKey: randomUUID(), parameters: parameters() });
    const { requestId } = request!;
    await waitFor(() => open.hub.jobs.length > before);
    // What starting the request still writes is none of the cancellation's effects.
    await inState(open, requestId, ['PROCESSING']);
    const cancel = async (idempotencyKey: string, reason: string) => {
      const answer = await compute.cancelRequest({ idempotencyKey, requestId, reason });
      return answer.request?.requestId;
    };
    return {
      call: (key) => cancel(key, 'test'),
      conflicting: (key) => cancel(key, 'another'),
      settled: () => ended(open, requestId),
    };
  },
};

/** Whichever provider is chosen. */
function script({ hub }: OpenedRequests, steps: ScriptStep[]): void {
  for (const provider of ['p1', 'p2']) hub.script(provider, steps);
}

const ended = (open: OpenedRequests, requestId: string) => inState(open, requestId, ['COMPLETED', 'CANCELLED']);

async function inState({ pool }: OpenedRequests, requestId: string, states: readonly string[]): Promise<void> {
  await waitFor(async () => {
    const { rowCount } = await pool.query('SELECT FROM transactions WHERE request_id = $1 AND state = ANY ($2)', [
      requestId,
      states,
    ]);
    return rowCount === 1;
  });
}
