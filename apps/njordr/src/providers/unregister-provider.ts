import { type njordr } from '@edda/contracts';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { z } from 'zod';
import { type ProviderDeps } from './provider-deps.ts';
import { providerMachine } from './provider-machine.ts';
import { changeProvider } from './provider-store.ts';
import { lockOwn, presentProvider, requestFields, runMutation } from './run-mutation.ts';

const schema = z.object({
  idempotencyKey: requestFields.idempotencyKey,
  providerId: requestFields.providerId,
  reason: requestFields.reason,
});

/** UnregisterProvider: gone for good; running jobs finish, the line ends with the next Hello. */
export function createUnregisterProvider(deps: ProviderDeps) {
  return async (
    request: njordr.UnregisterProviderRequest,
    ctx: CallContext,
  ): Promise<njordr.UnregisterProviderResponse> => {
    const { providerId, reason } = parseWith(schema, request);
    await runMutation(deps, request, ctx, async (client, now) => {
      const row = await lockOwn(client, providerId, ctx);
      const change = {
        status: providerMachine.next(row.status, 'unregister'),
        status_reason: reason,
        status_reason_code: '',
      };
      await changeProvider(client, row, change, {
        type: 'provider.unregistered',
        now,
        reason,
        requestId: ctx.requestId,
      });
      return providerId;
    });
    if (deps.directory.inFlight(providerId) === 0) {
      deps.hub.disconnect(providerId, 'PROVIDER_UNREGISTERED', 'The provider was unregistered.');
    }
    return { provider: await presentProvider(deps, providerId, ctx) };
  };
}
