import { defineFaults } from './define-faults.ts';

/** Reasons every service shares; a service's own reasons live in its `src/faults.ts`. */
export const commonFaults = defineFaults('', {
  INVALID_INPUT: {
    kind: 'invalid',
    meaning: 'A field is missing, malformed or out of bounds.',
    remedy: 'Correct the fields named in the violations and send the request again.',
  },
  BODY_MALFORMED: {
    kind: 'invalid',
    meaning: 'The body is not valid JSON.',
    remedy: 'Send well-formed JSON with content type application/json.',
  },
  BODY_TOO_LARGE: {
    kind: 'exhausted',
    meaning: 'The request is larger than the configured limit.',
    remedy: 'Send a smaller request; the limit is in the message.',
  },
  TOKEN_MISSING: {
    kind: 'unauthenticated',
    meaning: 'No bearer token was sent.',
    remedy: 'Send `authorization: Bearer <token>`.',
  },
  TOKEN_INVALID: {
    kind: 'unauthenticated',
    meaning: 'The token is malformed, wrongly signed, or from an unknown issuer.',
    remedy: 'Obtain a token from this deployment’s issuer.',
  },
  TOKEN_EXPIRED: {
    kind: 'unauthenticated',
    meaning: 'The token’s lifetime is over.',
    remedy: 'Obtain a fresh token and retry.',
  },
  ROLE_FORBIDDEN: {
    kind: 'forbidden',
    meaning: 'The caller’s roles do not allow this method.',
    remedy: 'Use a token with one of the roles named in the message.',
  },
  NOT_FOUND: {
    kind: 'not-found',
    meaning: 'No such object, or it belongs to somebody else.',
    remedy: 'Check the id and whose token is sent.',
  },
  IDEMPOTENCY_CONFLICT: {
    kind: 'already-exists',
    meaning: 'The idempotency key was used before with other content.',
    remedy: 'Use a new key for a new operation.',
  },
  ILLEGAL_TRANSITION: {
    kind: 'illegal-transition',
    meaning: 'The object’s state does not allow this step.',
    remedy: 'Read the object’s current state first.',
  },
  VERSION_CONFLICT: {
    kind: 'conflict',
    meaning: 'Somebody else changed the object in between.',
    remedy: 'Read it again and retry.',
  },
  RATE_LIMITED: {
    kind: 'exhausted',
    meaning: 'Too many requests or streams at once.',
    remedy: 'Wait as long as the retry information says.',
  },
  DEPENDENCY_UNAVAILABLE: {
    kind: 'unavailable',
    meaning: 'A service or database this needs does not answer.',
    remedy: 'Retry with backoff.',
  },
  DRAINING: {
    kind: 'unavailable',
    meaning: 'This instance is shutting down.',
    remedy: 'Retry; another instance answers.',
  },
  DEADLINE_EXCEEDED: {
    kind: 'deadline',
    meaning: 'The deadline passed before the work was done.',
    remedy: 'Retry with a longer deadline; mutations are idempotent.',
  },
  CANCELLED: {
    kind: 'cancelled',
    meaning: 'The caller gave up.',
    remedy: 'None; send it again if it is still wanted.',
  },
  UNIMPLEMENTED: {
    kind: 'unimplemented',
    meaning: 'The method exists in the contract but not yet in this version.',
    remedy: 'See the service’s README for what is available.',
  },
  INTERNAL: {
    kind: 'internal',
    meaning: 'Something failed on our side.',
    remedy: 'Report the error id; retry with the same idempotency key is safe.',
  },
});
