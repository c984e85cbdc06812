/** Names of the metadata (HTTP/2 headers) our calls carry. */
export const metadataKeys = {
  authorization: 'authorization',
  requestId: 'edda-request-id',
  /** `sub=<uri-encoded>;network=<uri-encoded>`, accepted from role service only. */
  actAs: 'edda-act-as',
  idempotencyKey: 'edda-idempotency-key',
  /** W3C trace context. */
  traceparent: 'traceparent',
  statusDetails: 'grpc-status-details-bin',
} as const;
