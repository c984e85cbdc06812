/**
 * The taxonomy: what kind of failure maps to which gRPC status code and HTTP status.
 * 499 is the de-facto status for a request its client gave up.
 */
export const faultKinds = {
  invalid: { grpc: 3, grpcName: 'INVALID_ARGUMENT', http: 400, title: 'Invalid input' },
  unauthenticated: { grpc: 16, grpcName: 'UNAUTHENTICATED', http: 401, title: 'Not signed in' },
  forbidden: { grpc: 7, grpcName: 'PERMISSION_DENIED', http: 403, title: 'Not allowed' },
  'not-found': { grpc: 5, grpcName: 'NOT_FOUND', http: 404, title: 'Not found' },
  'already-exists': { grpc: 6, grpcName: 'ALREADY_EXISTS', http: 409, title: 'Already exists' },
  'illegal-transition': { grpc: 9, grpcName: 'FAILED_PRECONDITION', http: 422, title: 'Not possible in this state' },
  'insufficient-funds': { grpc: 9, grpcName: 'FAILED_PRECONDITION', http: 402, title: 'Insufficient funds' },
  precondition: { grpc: 9, grpcName: 'FAILED_PRECONDITION', http: 422, title: 'Precondition not met' },
  conflict: { grpc: 10, grpcName: 'ABORTED', http: 409, title: 'Conflicting change' },
  exhausted: { grpc: 8, grpcName: 'RESOURCE_EXHAUSTED', http: 429, title: 'Limit reached' },
  unavailable: { grpc: 14, grpcName: 'UNAVAILABLE', http: 503, title: 'Temporarily unavailable' },
  deadline: { grpc: 4, grpcName: 'DEADLINE_EXCEEDED', http: 504, title: 'Deadline exceeded' },
  cancelled: { grpc: 1, grpcName: 'CANCELLED', http: 499, title: 'Cancelled' },
  unimplemented: { grpc: 12, grpcName: 'UNIMPLEMENTED', http: 501, title: 'Not implemented' },
  internal: { grpc: 13, grpcName: 'INTERNAL', http: 500, title: 'Internal error' },
} as const;

export type FaultKind = keyof typeof faultKinds;

/** The gRPC status code (0–16) for a kind. */
export function grpcStatusOf(kind: FaultKind): number {
  return faultKinds[kind].grpc;
}

/** The HTTP status for a kind. */
export function httpStatusOf(kind: FaultKind): number {
  return faultKinds[kind].http;
}
