import { njordr } from '@edda/contracts';
import { Fault } from '@edda/faults';
import { type CallContext, runDetached } from '@edda/grpc-kit';
import { type ComputeDeps } from './compute-deps.ts';
import { createEventChannel } from './event-channel.ts';
import { type Opened, openRequest } from './open-request.ts';
import { replayRequest } from './replay-request.ts';
import { createRunControl } from './run-control.ts';
import { waitForEnd } from './wait-for-end.ts';

/** ExecuteRequest: accepted, chunks, maybe failovers, the receipt. Leaving the stream cancels the request. */
export function createExecuteRequest(deps: ComputeDeps) {
  return async function* (
    request: njordr.ExecuteRequestRequest,
    ctx: CallContext,
  ): AsyncGenerator<njordr.ExecuteRequestResponse, void, undefined> {
    for (;;) {
      const opened = await openRequest(deps, request, ctx, 'execute');
      if ('started' in opened) return yield* stream(deps, opened, ctx);
      const { known } = opened;
      await waitForEnd(deps, known.requestId, Infinity, ctx.signal);
      ctx.signal.throwIfAborted();
      const replay = await replayRequest(deps, known.requestId);
      // A request that failed has given its key back: this call is the next try.
      if (replay !== undefined) return yield* replay;
    }
  };
}

async function* stream(
  deps: ComputeDeps,
  { started: { plan, reserved }, leave }: Extract<Opened, { started: object }>,
  ctx: CallContext,
): AsyncGenerator<njordr.ExecuteRequestResponse, void, undefined> {
  const channel = createEventChannel();
  const control = createRunControl();
  const gone = (): void => {
    const { reason } = ctx.signal as { reason: unknown };
    control.callOff(reason instanceof Fault && reason.reason === 'DRAINING' ? 'shutdown' : 'requester');
    channel.leave();
  };
  ctx.signal.addEventListener('abort', gone, { once: true });
  if (ctx.signal.aborted) gone();
  const work = () =>
    runDetached(async () => {
      try {
        const receipt = await deps.run(plan, channel, control, reserved);
        // Not waited for: the request is over, whenever its requester comes to read that.
        const told = Promise.resolve(channel.put({ event: { $case: 'receipt', value: receipt } }));
        void told.then(() => channel.finish());
      } catch (error) {
        channel.finish(error);
      }
    });
  deps.registry.run(plan.requestId, control, work, leave);
  try {
    const { requestId, transactionId, candidates, budget, hold } = plan;
    const value = njordr.ExecutionAccepted.fromPartial({
      ...{ requestId, transactionId, preauthId: hold.preauthId },
      providerId: candidates[0]!.providerId,
      heldCents: hold.estimatedCostCents,
      outputBudgetTokens: budget,
    });
    yield { event: { $case: 'accepted', value } };
    yield* channel.read();
  } finally {
    ctx.signal.removeEventListener('abort', gone);
    control.callOff('requester');
    channel.leave();
  }
}
