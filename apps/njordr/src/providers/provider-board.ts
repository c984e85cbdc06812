import { njordr } from '@edda/contracts';
import { type ProviderDirectoryControl } from './create-provider-directory.ts';
import { toListing } from './listing.ts';
import { type ProviderState } from './provider-machine.ts';
import { type ProviderRow } from './provider-row.ts';
import { type ProviderVersion } from './provider-store.ts';

/** Makes a stored change visible to routing and to heartbeats. */
export interface ProviderBoard {
  publish(row: ProviderRow): void;
  statusOf(providerId: string): njordr.ProviderStatus;
}

export interface ProviderBoardControl extends ProviderBoard {
  /** @returns whether anything of it was not known yet */
  publish(row: ProviderRow): boolean;
  /** Which of these are newer than what is known; those unregistered and unknown are left out. */
  outdated(versions: readonly ProviderVersion[]): string[];
}

interface Known {
  version: bigint;
  /** Prices have versions of their own, all of them counting up. */
  prices: bigint;
  status: ProviderState;
}

export function createProviderBoard(directory: ProviderDirectoryControl): ProviderBoardControl {
  const known = new Map<string, Known>();
  return {
    publish(row) {
      const before = known.get(row.providerId);
      const prices = row.prices.reduce((sum, { priceVersion }) => sum + priceVersion, 0n);
      // Two readers may publish out of order; an older row must not undo a newer one.
      if (before !== undefined && (before.version > row.version || before.prices > prices)) return false;
      known.set(row.providerId, { version: row.version, prices, status: row.status });
      const listing = toListing(row);
      if (listing === undefined) directory.remove(row.providerId);
      else directory.upsert(listing);
      return before?.version !== row.version || before.prices !== prices;
    },
    statusOf(providerId) {
      const status = known.get(providerId)?.status;
      return status === undefined ? njordr.ProviderStatus.UNSPECIFIED : njordr.ProviderStatus[status];
    },
    outdated(versions) {
      return versions
        .filter(({ providerId, version, prices, over }) => {
          const own = known.get(providerId);
          if (own === undefined) return !over;
          return own.version < version || own.prices < prices;
        })
        .map(({ providerId }) => providerId);
    },
  };
}
