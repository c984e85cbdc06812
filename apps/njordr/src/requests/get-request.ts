import { type njordr } from '@edda/contracts';
import { commonFaults } from '@edda/faults';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { z } from 'zod';
import { transactionMachine } from '../transactions/transaction-machine.ts';
import { viewerOf } from '../transactions/transaction-reads.ts';
import { type ComputeDeps } from './compute-deps.ts';
import { toComputeRequest } from './to-compute-request.ts';
import { waitForEnd } from './wait-for-end.ts';
import { text } from '../text-field.ts';

const schema = z.object({ requestId: text(0, 128), waitMs: z.int().min(0).max(60_000) });

/** GetRequest: the request with its answer while kept; waits for its end if asked to. */
export function createGetRequest(deps: ComputeDeps) {
  return async (
    request: njordr.GetRequestRequest,
    ctx: Pick<CallContext, 'identity' | 'signal'>,
  ): Promise<njordr.GetRequestResponse> => {
    const { requestId, waitMs } = parseWith(schema, request);
    const viewer = viewerOf(ctx.identity);
    let row = await deps.reads.byRequest(requestId, viewer);
    if (row !== undefined && waitMs > 0 && transactionMachine.can(row.state, 'fail')) {
      await waitForEnd(deps, requestId, waitMs, ctx.signal);
      row = await deps.reads.byRequest(requestId, viewer);
    }
    if (row === undefined) throw commonFaults.NOT_FOUND('No such request.');
    const sealed =
      row.method === 'create' && row.state === 'COMPLETED'
        ? await deps.reads.sealedResult(requestId, deps.clock.now())
        : undefined;
    return { request: toComputeRequest(row, sealed && deps.vault.open(requestId, sealed)) };
  };
}
