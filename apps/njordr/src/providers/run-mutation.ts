import { commonFaults } from '@edda/faults';
import { type CallContext } from '@edda/grpc-kit';
import { hashRequest, withIdempotency } from '@edda/pg-kit';
import { type njordr } from '@edda/contracts';
import { type PoolClient } from 'pg';
import { type ProviderDeps } from './provider-deps.ts';
import { type ProviderRow } from './provider-row.ts';
import { findProvider } from './provider-store.ts';
import { toProvider } from './to-provider.ts';
import { isOwn, isVisible, viewerOf } from './visibility.ts';
import { text } from '../text-field.ts';

/** Fields that requests share. */
export const requestFields = {
  idempotencyKey: text(1, 128),
  providerId: text(1, 64),
  deviceId: text(1, 128),
  reason: text(0, 500),
};

/** The provider as its caller may see it now. @throws NOT_FOUND */
export async function presentProvider(
  deps: ProviderDeps,
  providerId: string,
  ctx: CallContext,
): Promise<njordr.Provider> {
  const viewer = viewerOf(ctx.identity);
  const row = await findProvider(deps.pool, providerId);
  if (row === undefined || !isVisible(row, viewer)) throw commonFaults.NOT_FOUND('There is no such provider.');
  return toProvider(row, liveOf(deps, row), viewer);
}

export function liveOf({ hub, directory }: Pick<ProviderDeps, 'hub' | 'directory'>, row: ProviderRow) {
  const { providerId } = row;
  return {
    connected: hub.isConnected(providerId),
    activeJobs: directory.inFlight(providerId),
    lastHeardAt: hub.lastHeardAt(providerId),
  };
}

/** Locks a provider that the caller may change. @throws NOT_FOUND also for somebody else's */
export async function lockOwn(client: PoolClient, providerId: string, { identity }: CallContext): Promise<ProviderRow> {
  const row = await findProvider(client, providerId, true);
  const viewer = viewerOf(identity);
  if (row === undefined || !(isOwn(row, viewer) || identity.roles.has('admin'))) {
    throw commonFaults.NOT_FOUND('There is no such provider.');
  }
  return row;
}

/**
 * Runs a change once per idempotency key, then carries the registration on and answers with the provider as it is.
 * A replay answers with its present state as well: what is remembered is that the change was made.
 */
export async function runMutation(
  deps: ProviderDeps,
  request: { idempotencyKey: string },
  ctx: CallContext,
  work: (client: PoolClient, now: Date) => Promise<string>,
): Promise<{ providerId: string; replayed: boolean }> {
  const now = deps.clock.now();
  let replayed = false;
  const { providerId } = await withIdempotency(
    deps.pool,
    {
      tenant: ctx.identity.networkId,
      caller: ctx.identity.subject,
      method: ctx.method,
      key: request.idempotencyKey,
      requestHash: hashRequest(request),
      now,
      onReplay: () => (replayed = true),
    },
    async (client) => ({ providerId: await work(client, now) }),
  );
  const row = await findProvider(deps.pool, providerId);
  if (row !== undefined) deps.board.publish(row);
  return { providerId, replayed };
}
