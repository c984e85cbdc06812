import { type CallContext } from '@edda/grpc-kit';
import { type Clock } from '@edda/telemetry';
import { type Pool } from 'pg';
import { type ServiceAccesses } from './service-access.ts';

/** What the RPCs of AdminService are built from. */
export interface AdminDeps {
  pool: Pool;
  clock: Clock;
  access: ServiceAccesses;
  /** Longest wait for one answer of one service, ms. */
  peerDeadlineMs: () => number;
}

/**
 * Time for one round of questions to all services: as configured, but no more than this part of what the call has
 * left, so that there is time to answer what came of it.
 */
export function roundMs(deps: AdminDeps, { deadline }: Pick<CallContext, 'deadline'>, part: number): number {
  const left = deadline.getTime() - Date.now();
  return Math.max(1, Math.min(deps.peerDeadlineMs(), Math.floor(left * part)));
}
