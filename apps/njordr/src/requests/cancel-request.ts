import { type njordr } from '@edda/contracts';
import { commonFaults } from '@edda/faults';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { hashRequest, withIdempotency } from '@edda/pg-kit';
import { z } from 'zod';
import { viewerOf } from '../transactions/transaction-reads.ts';
import { type ComputeDeps } from './compute-deps.ts';
import { keyOf } from './idempotency-scope.ts';
import { toComputeRequest } from './to-compute-request.ts';
import { waitForEnd } from './wait-for-end.ts';
import { text } from '../text-field.ts';

const schema = z.object({ requestId: text(0, 128), reason: text(0, 500) });
/** How long the answer waits for the end to show in it, ms. */
const SHOW_END_MS = 2_000;

/** CancelRequest: called off here or, through its row, on the replica where it runs. */
export function createCancelRequest(deps: ComputeDeps) {
  return async (
    request: njordr.CancelRequestRequest,
    ctx: Pick<CallContext, 'identity' | 'signal' | 'idempotencyHeader' | 'method'>,
  ): Promise<njordr.CancelRequestResponse> => {
    const { requestId, reason } = parseWith(schema, request);
    const key = keyOf(request, ctx);
    const viewer = viewerOf(ctx.identity);
    const row = await deps.reads.byRequest(requestId, viewer);
    if (row === undefined) throw commonFaults.NOT_FOUND('No such request.');
    const { subject: caller, networkId: tenant } = ctx.identity;
    if (key !== null) {
      const scope = { tenant, caller, method: 'edda.njordr.v1.ComputeService/CancelRequest', key };
      const requestHash = hashRequest({ requestId, reason });
      await withIdempotency(deps.pool, { ...scope, requestHash, now: deps.clock.now() }, async () => ({ requestId }));
    }
    const control = deps.registry.control(requestId);
    if (control === undefined) await deps.reads.requestCancel(requestId);
    else {
      control.callOff('requester');
      await waitForEnd(deps, requestId, SHOW_END_MS, ctx.signal);
    }
    const after = await deps.reads.byRequest(requestId, viewer);
    return { request: toComputeRequest(after ?? row) };
  };
}
