/**
 * How the market treats a failed attempt: NO_CAPACITY asks the next provider without a penalty,
 * TRANSIENT tries once more, FAULT cools this provider down, BAD_REQUEST goes back to the requester.
 * CANCELLED is the market's own doing and never held against anyone.
 */
export type UpstreamErrorKind = 'NO_CAPACITY' | 'TRANSIENT' | 'FAULT' | 'BAD_REQUEST' | 'CANCELLED';

/** The one error an upstream throws. */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError';
  readonly kind: UpstreamErrorKind;

  constructor(kind: UpstreamErrorKind, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
  }
}

/** The funnel for whatever else is thrown: our own bug or an unknown condition is a FAULT of this provider. */
export function asUpstreamError(error: unknown): UpstreamError {
  if (error instanceof UpstreamError) return error;
  return new UpstreamError('FAULT', error instanceof Error ? error.message : 'unknown failure', error);
}
