import { type njordr } from '@edda/contracts';
import { commonFaults } from '@edda/faults';
import { type GrpcClient, type Identity } from '@edda/grpc-kit';

/** Passes when the provider belongs to the caller. @throws NOT_FOUND when it does not exist or is somebody else's */
export type RequireOwn = (providerId: string, identity: Identity) => Promise<void>;

/** Asks Njörðr, which owns providers, on the caller's behalf: owner and network must both be the caller's. */
export function createRequireOwn(
  providers: () => Pick<GrpcClient<typeof njordr.ProviderServiceService>, 'getProvider'>,
): RequireOwn {
  return async (providerId, { subject, networkId }) => {
    const { provider } = await providers().getProvider({ providerId }, { actAs: { subject, networkId } });
    if (provider?.ownerId === subject && provider.networkId === networkId) return;
    throw commonFaults.NOT_FOUND('No such provider.');
  };
}
