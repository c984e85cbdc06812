import { setTimeout as sleep } from 'node:timers/promises';
import { njordr } from '@edda/contracts';
import { type RegistrationClient } from './ensure-registered.ts';

export interface AwaitDecisionOptions {
  client: Pick<RegistrationClient, 'getProvider'>;
  providerId: string;
  timeoutMs: number;
  pollMs?: number;
  signal: AbortSignal;
}

/**
 * Waits until the market has decided on a registration: until the provider is neither PENDING nor merely APPROVED.
 * @returns the provider as last seen, which still waits when the time is over
 */
export async function awaitDecision(options: AwaitDecisionOptions): Promise<njordr.Provider | undefined> {
  const until = Date.now() + options.timeoutMs;
  let seen: njordr.Provider | undefined;
  while (!options.signal.aborted) {
    // A market that restarts in between is no reason to stop waiting.
    const answer = await options.client
      .getProvider({ providerId: options.providerId }, { signal: options.signal })
      .catch(() => undefined);
    seen = answer?.provider ?? seen;
    if (seen && !isWaiting(seen.status)) return seen;
    if (Date.now() >= until) return seen;
    await sleep(options.pollMs ?? 500, undefined, { signal: options.signal }).catch(() => undefined);
  }
  return seen;
}

function isWaiting(status: njordr.ProviderStatus): boolean {
  return status === njordr.ProviderStatus.PENDING || status === njordr.ProviderStatus.APPROVED;
}
