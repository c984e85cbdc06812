import { njordr } from '@edda/contracts';
import { type ProviderDirectoryControl } from './create-provider-directory.ts';
import { toListing } from './listing.ts';
import { type ProviderState } from './provider-machine.ts';
import { type ProviderRow } from './provider-row.ts';

/** Makes a stored change visible to routing and to heartbeats. */
export interface ProviderBoard {
  publish(row: ProviderRow): void;
  statusOf(providerId: string): njordr.ProviderStatus;
}

export function createProviderBoard(directory: ProviderDirectoryControl): ProviderBoard {
  const known = new Map<string, { version: bigint; status: ProviderState }>();
  return {
    publish(row) {
      // Two readers may publish out of order; an older row must not undo a newer one.
      if ((known.get(row.providerId)?.version ?? 0n) > row.version) return;
      known.set(row.providerId, { version: row.version, status: row.status });
      const listing = toListing(row);
      if (listing === undefined) directory.remove(row.providerId);
      else directory.upsert(listing);
    },
    statusOf(providerId) {
      const status = known.get(providerId)?.status;
      return status === undefined ? njordr.ProviderStatus.UNSPECIFIED : njordr.ProviderStatus[status];
    },
  };
}
