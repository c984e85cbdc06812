import { commonFaults, invalidInput } from '@edda/faults';
import { type njordr } from '@edda/contracts';
import { type Identity } from '@edda/grpc-kit';

/**
 * Whose device says Hello: the caller's own, or, for a service, the user it names.
 * @throws ROLE_FORBIDDEN when somebody else's owner is named; INVALID_INPUT when a service names none
 */
export function ownerOf(
  message: Pick<njordr.AgentMessage, 'ownerId' | 'networkId'>,
  identity: Identity,
): { ownerId: string; networkId: string } {
  const { ownerId, networkId } = message;
  const own = { ownerId: identity.subject, networkId: identity.networkId };
  if (!identity.roles.has('service')) {
    if ((ownerId === '' || ownerId === own.ownerId) && (networkId === '' || networkId === own.networkId)) return own;
    throw commonFaults.ROLE_FORBIDDEN('Only a service may connect devices of another owner.');
  }
  if (ownerId === '' || networkId === '') {
    throw invalidInput([
      { field: ownerId === '' ? 'owner_id' : 'network_id', description: 'is required from a service' },
    ]);
  }
  return { ownerId, networkId };
}
