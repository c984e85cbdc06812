import { createHash } from 'node:crypto';
import { njordr } from '@edda/contracts';
import { type GrpcClient } from '@edda/grpc-kit';

/** The part of the market's client that registration uses. */
export type RegistrationClient = Pick<
  GrpcClient<typeof njordr.ProviderServiceService>,
  'listProviders' | 'registerProvider' | 'getProvider'
>;

/**
 * Finds the device's provider, or registers it; a rejected one is resubmitted. Asking again changes
 * nothing: the idempotency key follows from the device, what it offers and what it was before.
 * @throws Fault whatever the market answers
 */
export async function ensureRegistered(
  client: RegistrationClient,
  deviceId: string,
  configuration: njordr.ProviderConfiguration,
  signal: AbortSignal,
): Promise<njordr.Provider> {
  const search = njordr.ListProvidersRequest.fromPartial({ ownOnly: true, deviceId, pageSize: 10 });
  const { providers } = await client.listProviders(search, { signal });
  const known = providers.find((provider) => provider.deviceId === deviceId && isOpen(provider.status));
  if (known && known.status !== njordr.ProviderStatus.REJECTED) return known;
  const idempotencyKey = keyOf(deviceId, configuration, known?.version ?? 0n);
  const { provider } = await client.registerProvider({ idempotencyKey, deviceId, configuration }, { signal });
  return provider ?? njordr.Provider.fromPartial({ deviceId });
}

function isOpen(status: njordr.ProviderStatus): boolean {
  return status !== njordr.ProviderStatus.UNREGISTERED;
}

function keyOf(deviceId: string, configuration: njordr.ProviderConfiguration, version: bigint): string {
  const content = njordr.ProviderConfiguration.encode(configuration).finish();
  const digest = createHash('sha256').update(`${deviceId}\n${version}\n`).update(content).digest('hex');
  return `vedrfolnir-${digest.slice(0, 48)}`;
}
