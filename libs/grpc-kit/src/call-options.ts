import { randomUUID } from 'node:crypto';
import { commonFaults } from '@edda/faults';
import { currentContext, currentSpan } from '@edda/telemetry';
import { Metadata } from '@grpc/grpc-js';
import { type ActAs, encodeActAs } from './act-as.ts';
import { currentCall } from './call-context.ts';
import { metadataKeys } from './metadata-keys.ts';

/** What a caller may say about one call. */
export interface CallOptions {
  /** Aborting it cancels the call, which then rejects with CANCELLED. */
  signal?: AbortSignal;
  /** Milliseconds until the call must be done; the client's default without it. Infinity: none (long streams). */
  deadlineMs?: number;
  /** By default that of the call being served, else a fresh one. */
  requestId?: string;
  /** The user a service acts for. */
  actAs?: ActAs;
  /** Sent as edda-idempotency-key, for peers that read it there. */
  idempotencyKey?: string;
}

/**
 * When the call must be done, as epoch ms: its own limit, or what is left of the call being served if that is less.
 * @throws DEADLINE_EXCEEDED when nothing is left
 */
export function deadlineOf(options: CallOptions, defaultMs: number): number {
  const now = Date.now();
  const own = now + (options.deadlineMs ?? defaultMs);
  const outer = currentCall()?.deadline.getTime() ?? Infinity;
  // A long-lived stream's "no deadline" is the latest Date, and any own limit is earlier.
  const deadline = Math.min(own, outer);
  if (deadline <= now) throw commonFaults.DEADLINE_EXCEEDED('The deadline passed before the call was made.');
  return deadline;
}

/** A call's metadata. @param token undefined for calls that need none */
export function metadataFor(options: CallOptions, token: string | undefined): Metadata {
  const metadata = new Metadata();
  if (token !== undefined) metadata.set(metadataKeys.authorization, `Bearer ${token}`);
  metadata.set(metadataKeys.requestId, options.requestId ?? inheritedRequestId() ?? randomUUID());
  if (options.actAs !== undefined) metadata.set(metadataKeys.actAs, encodeActAs(options.actAs));
  if (options.idempotencyKey !== undefined) metadata.set(metadataKeys.idempotencyKey, options.idempotencyKey);
  const span = currentSpan();
  if (span !== undefined) metadata.set(metadataKeys.traceparent, span.traceparent);
  return metadata;
}

function inheritedRequestId(): string | undefined {
  const inherited = currentCall()?.requestId ?? currentContext()?.requestId;
  return inherited === '' ? undefined : inherited;
}
