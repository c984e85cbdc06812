import { type njordr } from '@edda/contracts';
import { type CallContext } from '@edda/grpc-kit';
import { type TransactionRow } from '../transactions/transaction-row.ts';
import { type ComputeDeps } from './compute-deps.ts';
import { assertSameRequest, keyOf, scopeOf } from './idempotency-scope.ts';
import { requestHash, type StartedRequest } from './start-request.ts';
import { validateParameters } from './validate-parameters.ts';

/** A request that begins now, or the one its key stands for already. */
export type Opened =
  | {
      started: StartedRequest;
      /** Gives back its place among the concurrent ones. */
      leave: () => void;
    }
  | { known: TransactionRow };

/**
 * Checks a request and either finds the one its key stands for, or starts it.
 * @throws every reason for which a request is refused; nothing is held then
 */
export async function openRequest(
  deps: ComputeDeps,
  request: njordr.ExecuteRequestRequest | njordr.CreateRequestRequest,
  ctx: Pick<CallContext, 'identity' | 'idempotencyHeader' | 'signal'>,
  method: 'execute' | 'create',
): Promise<Opened> {
  const idempotencyKey = keyOf(request, ctx);
  const checked = validateParameters(request, deps.assessing.settings());
  const scope = idempotencyKey === null ? null : scopeOf(ctx, method, idempotencyKey);
  const hash = scope === null ? '' : requestHash(checked.parameters);
  return deps.registry.inTurn(scope === null ? null : JSON.stringify(scope), async () => {
    for (;;) {
      ctx.signal.throwIfAborted();
      const known = scope === null ? undefined : await deps.reads.byKey(scope);
      if (known !== undefined) {
        assertSameRequest(known, hash);
        return { known };
      }
      const { subject, networkId } = ctx.identity;
      const leave = deps.registry.enter(JSON.stringify([networkId, subject]), deps.assessing.settings());
      try {
        const prepared = await deps.prepare(request, ctx, { method, idempotencyKey }, checked);
        const started = await deps.start(prepared);
        if (started !== undefined) return { started, leave };
      } catch (error) {
        leave();
        throw error;
      }
      // Another replica took the key in between; what it stands for is found in the next turn.
      leave();
    }
  });
}
