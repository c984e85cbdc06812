import { type heidrun } from '@edda/contracts';
import { type Hold } from './hold.ts';
import { type Actor } from './hold-audit.ts';
import { type HoldRequest } from './pre-authorize-request.ts';

/** Who asked, with which key and content. */
export type Origin = Pick<Hold, 'caller' | 'idempotencyKey' | 'requestHash'>;

/** A checked PreAuthorize call, ready to be decided together with others. */
export interface HoldItem {
  request: heidrun.PreAuthorizeRequest;
  wanted: HoldRequest;
  origin: Origin;
  by: Actor;
  /** Aborted when the caller waits no longer: the item is then dropped before anything is written. */
  signal: AbortSignal;
  /** The call's span: a batch runs in nobody's. */
  traceparent?: string | undefined;
}

/** The hold of a call's transaction; `replayed` when an earlier call made it. */
export interface HeldOutcome {
  hold: Hold;
  replayed: boolean;
}
