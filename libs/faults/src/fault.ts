import { type FaultKind } from './kinds.ts';

/** One rejected input field: its path in the request (snake_case, dots between levels) and why. */
export interface FieldViolation {
  field: string;
  description: string;
}

export interface FaultDetails {
  /** Facts a program may act on; never secrets. Keys in snake_case, values as text. */
  metadata?: Readonly<Record<string, string>>;
  violations?: readonly FieldViolation[];
  /** When a retry makes sense, milliseconds to wait first; 0 or more. */
  retryAfterMs?: number;
  /** What went wrong underneath: logged, never sent. */
  cause?: unknown;
}

/** The one error that crosses a service's boundary: everything a caller may see about a failure. */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly kind: FaultKind;
  /** UPPER_SNAKE, stable, unique within its domain. */
  readonly reason: string;
  /** `<service>.edda`, or `edda` for what every service shares. */
  readonly domain: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly violations: readonly FieldViolation[];
  readonly retryAfterMs: number | undefined;

  constructor(kind: FaultKind, reason: string, message: string, details: FaultDetails & { domain?: string } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.kind = kind;
    this.reason = reason;
    this.domain = details.domain ?? 'edda';
    this.metadata = details.metadata ?? {};
    this.violations = details.violations ?? [];
    this.retryAfterMs = details.retryAfterMs;
  }
}
