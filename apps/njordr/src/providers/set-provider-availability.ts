import { njordr } from '@edda/contracts';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { z } from 'zod';
import { type ProviderDeps } from './provider-deps.ts';
import { providerMachine } from './provider-machine.ts';
import { type ProviderRow } from './provider-row.ts';
import { changeProvider, type ProviderChange } from './provider-store.ts';
import { lockOwn, presentProvider, requestFields, runMutation } from './run-mutation.ts';

const { AVAILABLE, OFFLINE, MAINTENANCE } = njordr.ProviderAvailability;

const schema = z.object({
  idempotencyKey: requestFields.idempotencyKey,
  providerId: requestFields.providerId,
  availability: z.union([z.literal(AVAILABLE), z.literal(OFFLINE), z.literal(MAINTENANCE)], {
    error: 'must be AVAILABLE, OFFLINE or MAINTENANCE; BUSY follows from load',
  }),
  reason: requestFields.reason,
});

type Wanted = z.output<typeof schema>['availability'];

/** SetProviderAvailability: the owner pauses, takes off the market or resumes. */
export function createSetProviderAvailability(deps: ProviderDeps) {
  return async (
    request: njordr.SetProviderAvailabilityRequest,
    ctx: CallContext,
  ): Promise<njordr.SetProviderAvailabilityResponse> => {
    const { providerId, availability, reason } = parseWith(schema, request);
    await runMutation(deps, request, ctx, async (client, now) => {
      const row = await lockOwn(client, providerId, ctx);
      const change = availabilityChange(row, availability);
      if (change === undefined) return providerId;
      const type = availability === AVAILABLE ? 'provider.resumed' : 'provider.paused';
      await changeProvider(client, row, change, { type, now, reason, requestId: ctx.requestId });
      return providerId;
    });
    return { provider: await presentProvider(deps, providerId, ctx) };
  };
}

/**
 * What has to change; undefined when it already is as wanted.
 * @throws ILLEGAL_TRANSITION unless the provider is on the market or was taken off it by its owner
 */
export function availabilityChange(
  row: Pick<ProviderRow, 'status' | 'paused'>,
  wanted: Wanted,
): ProviderChange | undefined {
  const status =
    wanted === OFFLINE
      ? row.status === 'INACTIVE'
        ? row.status
        : providerMachine.next(row.status, 'deactivate')
      : row.status === 'ACTIVE'
        ? row.status
        : providerMachine.next(row.status === 'INACTIVE' ? row.status : refused(row.status), 'activate');
  const paused = wanted === MAINTENANCE;
  return status === row.status && paused === row.paused ? undefined : { status, paused };
}

/** An APPROVED provider is activated by its device, not by a wish: asking `deactivate` of it raises the fault. */
function refused(status: ProviderRow['status']): ProviderRow['status'] {
  return providerMachine.next(status, 'deactivate');
}
