import { type MeasuredLeg } from '../metering/measure-legs.ts';
import { type PostedTransfer } from '../ledger/post-transfers.ts';
import { type Hold } from './hold.ts';
import { type Actor } from './hold-audit.ts';
import { type SettledCapture } from './settle-capture.ts';

/** Who resolves a hold, with which key and content. */
export interface ResolutionOrigin {
  caller: string;
  idempotencyKey: string;
  requestHash: string;
}

/** A checked capture, its texts counted, ready to be decided together with others. */
export interface CaptureItem {
  kind: 'CAPTURED';
  hold: Hold;
  legs: readonly MeasuredLeg[];
  amountCents: bigint | undefined;
  finishReason: string;
  origin: ResolutionOrigin;
  by: Actor;
  /** Aborted when the caller waits no longer: the item is then dropped before anything is written. */
  signal: AbortSignal;
  /** The call's span: a batch runs in nobody's. */
  traceparent?: string | undefined;
}

/** A checked cancellation. */
export interface CancelItem {
  kind: 'CANCELLED';
  hold: Hold;
  reason: string;
  origin: ResolutionOrigin;
  by: Actor;
  signal: AbortSignal;
  /** The call's span: a batch runs in nobody's. */
  traceparent?: string | undefined;
}

export type ResolutionItem = CaptureItem | CancelItem;

/** A capture that was booked. */
export interface Captured {
  settled: SettledCapture;
  transfers: PostedTransfer[];
  at: Date;
}

/** A hold that was released. */
export interface Cancelled {
  at: Date;
}
