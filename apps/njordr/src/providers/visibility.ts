import { type Identity } from '@edda/grpc-kit';
import { type ProviderRow } from './provider-row.ts';
import { type Offer } from './provider-directory.ts';

/** Who looks at providers. `all`: admins, and services that act for nobody. */
export interface Viewer {
  subject: string;
  networkId: string;
  all: boolean;
}

export function viewerOf(identity: Identity): Viewer {
  const { subject, networkId, roles } = identity;
  return { subject, networkId, all: roles.has('admin') || roles.has('service') };
}

export function isOwn(row: Pick<ProviderRow, 'ownerId' | 'networkId'>, viewer: Viewer): boolean {
  return row.ownerId === viewer.subject && row.networkId === viewer.networkId;
}

/** Whether an offer is there for requesters of a network; for others the provider does not exist. */
export function isOffered(
  { sharing, networkId, trustedNetworkIds }: Pick<Offer, 'sharing' | 'networkId' | 'trustedNetworkIds'>,
  caller: string,
): boolean {
  return networkId === caller || sharing === 'public' || (sharing === 'trusted' && trustedNetworkIds.has(caller));
}

/** Strangers see what is on the market for their network; everything else does not exist for them. */
export function isVisible(
  row: Pick<ProviderRow, 'ownerId' | 'networkId' | 'status' | 'sharing' | 'trustedNetworkIds'>,
  viewer: Viewer,
): boolean {
  if (viewer.all || isOwn(row, viewer)) return true;
  if (row.status !== 'ACTIVE') return false;
  if (row.networkId === viewer.networkId || row.sharing === 'public') return true;
  return row.sharing === 'trusted' && row.trustedNetworkIds.includes(viewer.networkId);
}
