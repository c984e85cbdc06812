import { type njordr } from '@edda/contracts';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { type PoolClient } from 'pg';
import { z } from 'zod';
import { njordrFaults } from '../faults.ts';
import { configurationSchema } from './configuration-schema.ts';
import { requirePayoutMethod } from './payout-readiness.ts';
import { type ProviderDeps } from './provider-deps.ts';
import { providerMachine } from './provider-machine.ts';
import { type ProviderRow } from './provider-row.ts';
import {
  changeProvider,
  countOwned,
  findDevice,
  insertProvider,
  recordEvent,
  replaceConfiguration,
} from './provider-store.ts';
import { presentProvider, requestFields, runMutation } from './run-mutation.ts';

const schema = z.object({
  idempotencyKey: requestFields.idempotencyKey,
  deviceId: requestFields.deviceId,
  configuration: configurationSchema,
});

/** A device to be registered, or registered again after a rejection. */
export interface Registration {
  ownerId: string;
  networkId: string;
  deviceId: string;
  configuration: njordr.ProviderConfiguration;
  agentVersion: string;
  /** Known to be so just now; false leaves the question to the workflow. */
  payoutVerified: boolean;
  requestId?: string;
}

type StoreDeps = Pick<ProviderDeps, 'settings' | 'newId'>;

/** RegisterProvider: refuses owners who could not be paid; the rest of the workflow goes on in the background. */
export function createRegisterProvider(deps: ProviderDeps) {
  return async (
    request: njordr.RegisterProviderRequest,
    ctx: CallContext,
  ): Promise<njordr.RegisterProviderResponse> => {
    const { deviceId, configuration } = parseWith(schema, request);
    const owner = { ownerId: ctx.identity.subject, networkId: ctx.identity.networkId };
    const { providerId } = await runMutation(deps, request, ctx, async (client, now) => {
      deps.assertCapacity();
      await requirePayoutMethod(deps.peers, owner);
      const { requestId } = ctx;
      const registration = { ...owner, deviceId, configuration, agentVersion: '', payoutVerified: true, requestId };
      return storeRegistration(deps, client, registration, now);
    });
    deps.workflow.resume(providerId, true);
    return { provider: await presentProvider(deps, providerId, ctx) };
  };
}

/**
 * Stores a registration as PENDING, with its event.
 * @returns the provider's id
 * @throws PROVIDER_ALREADY_REGISTERED unless the device is new or was rejected; PROVIDER_LIMIT_REACHED
 */
export async function storeRegistration(
  deps: StoreDeps,
  client: PoolClient,
  registration: Registration,
  now: Date,
): Promise<string> {
  const known = await findDevice(client, registration.networkId, registration.deviceId, true);
  if (known !== undefined) return resubmit(client, known, registration, now);
  const { maxPerOwner } = deps.settings();
  if ((await countOwned(client, registration.ownerId, registration.networkId)) >= maxPerOwner) {
    throw njordrFaults.PROVIDER_LIMIT_REACHED(`An owner may have ${maxPerOwner} providers.`);
  }
  const providerId = deps.newId();
  const { requestId, ...provider } = registration;
  if (!(await insertProvider(client, { ...provider, providerId, now }))) throw alreadyRegistered();
  const event = { type: 'provider.registered', status: providerMachine.initial, now };
  await recordEvent(
    client,
    { ...registration, providerId },
    { ...event, ...(requestId !== undefined && { requestId }) },
  );
  return providerId;
}

async function resubmit(
  client: PoolClient,
  known: ProviderRow,
  registration: Registration,
  now: Date,
): Promise<string> {
  const own = known.ownerId === registration.ownerId;
  if (!own || !providerMachine.can(known.status, 'resubmit'))
    throw alreadyRegistered(own ? known.providerId : undefined);
  const change = {
    status: providerMachine.next(known.status, 'resubmit'),
    submission: known.submission + 1,
    payout_verified: registration.payoutVerified,
    status_reason: '',
    status_reason_code: '',
    test_passed: null,
    test_latency_ms: null,
    test_ttft_ms: null,
    tested_at: null,
    test_detail: '',
    decision_id: '',
  };
  await changeProvider(client, known, change, { type: 'provider.resubmitted', now });
  await replaceConfiguration(client, known.providerId, registration.configuration, now);
  return known.providerId;
}

function alreadyRegistered(providerId?: string) {
  return njordrFaults.PROVIDER_ALREADY_REGISTERED('This device is registered already.', {
    ...(providerId !== undefined && { metadata: { provider_id: providerId } }),
  });
}
