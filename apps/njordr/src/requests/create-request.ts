import { type njordr } from '@edda/contracts';
import { commonFaults } from '@edda/faults';
import { type CallContext, runDetached } from '@edda/grpc-kit';
import { njordrFaults } from '../faults.ts';
import { viewerOf } from '../transactions/transaction-reads.ts';
import { type ComputeDeps } from './compute-deps.ts';
import { openRequest } from './open-request.ts';
import { createRunControl } from './run-control.ts';
import { toComputeRequest } from './to-compute-request.ts';

/** CreateRequest: routes and holds, then works in the background; the answer is read with GetRequest. */
export function createCreateRequest(deps: ComputeDeps) {
  return async (request: njordr.CreateRequestRequest, ctx: CallContext): Promise<njordr.CreateRequestResponse> => {
    if (deps.resultTtlSeconds() === 0) {
      throw njordrFaults.RESULTS_NOT_KEPT('This market keeps no answers; use the streaming call.');
    }
    const opened = await openRequest(deps, request, ctx, 'create');
    if ('known' in opened) return { request: toComputeRequest(opened.known) };
    const { plan, reserved } = opened.started;
    const control = createRunControl();
    // Why it failed stands in its row, where GetRequest finds it.
    const work = () => runDetached(() => deps.run(plan, { put: () => true }, control, reserved).then(() => undefined));
    deps.registry.run(plan.requestId, control, work, opened.leave);
    const row = await deps.reads.byRequest(plan.requestId, viewerOf(ctx.identity));
    if (row === undefined) throw commonFaults.INTERNAL('the request just written is gone');
    return { request: toComputeRequest(row) };
  };
}
