import { type ProviderRow } from './provider-row.ts';
import { wantedPrices } from './wanted-prices.ts';

/** What a registration needs next. */
export type RegistrationStep = 'payout' | 'price' | 'test' | 'decide' | 'activate';

export interface StepConditions {
  connected: boolean;
  /** The device has just said Hello, so a failed connection test deserves another try. */
  fresh: boolean;
}

/**
 * The next step of a provider, from what is stored alone, so that a restart goes on where it stopped: payout method →
 * prices → connection test → decision → listed. Undefined: nothing to do, or something to wait for.
 */
export function registrationStep(row: ProviderRow, { connected, fresh }: StepConditions): RegistrationStep | undefined {
  switch (row.status) {
    case 'PENDING':
      if (!row.payoutVerified) return 'payout';
      if (wantedPrices(row).length > 0) return 'price';
      if (row.testPassed !== true) return connected && (row.testPassed === null || fresh) ? 'test' : undefined;
      // A decision on a pending provider is a review: an admin goes on.
      return row.decisionId === '' ? 'decide' : undefined;
    case 'APPROVED':
      if (wantedPrices(row).length > 0) return 'price';
      return connected ? 'activate' : undefined;
    case 'ACTIVE':
    case 'INACTIVE':
      return wantedPrices(row).length > 0 ? 'price' : undefined;
    case 'REJECTED':
    case 'SUSPENDED':
    case 'UNREGISTERED':
      return undefined;
  }
}
