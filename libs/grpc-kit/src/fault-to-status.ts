import { type protobuf, rpc } from '@edda/contracts';
import { type Fault, grpcStatusOf } from '@edda/faults';
import { Metadata } from '@grpc/grpc-js';
import { kindOfStatus } from './fault-kinds.ts';
import { metadataKeys } from './metadata-keys.ts';

/** What grpc-js answers a failed call with. */
export interface ErrorStatus {
  code: number;
  details: string;
  metadata: Metadata;
}

/**
 * Bounds on what a fault may take in the trailers, so that no client's header limit (8 KiB is the common one,
 * base64 adds a third) turns a precise error into a broken stream.
 */
const maxMessageLength = 1_000;
const maxDetailBytes = 4_096;

const typePrefix = 'type.googleapis.com/google.rpc.';

/** ErrorInfo metadata key naming the fault's kind where the gRPC status alone would not tell it. */
export const kindMetadataKey = 'fault_kind';

/** A fault on the wire: the status, and a google.rpc.Status with exactly one ErrorInfo in the trailers. */
export function faultToStatus(fault: Fault): ErrorStatus {
  const code = grpcStatusOf(fault.kind);
  const message = shorten(fault.message, maxMessageLength);
  const details = [errorInfo(fault)];
  const violations = badRequest(fault);
  if (violations !== undefined) details.push(violations);
  if (fault.retryAfterMs !== undefined) details.push(retryInfo(fault.retryAfterMs));
  const status = rpc.Status.encode({ code, message, details }).finish();
  const metadata = new Metadata();
  metadata.set(metadataKeys.statusDetails, Buffer.from(status));
  return { code, details: message, metadata };
}

function errorInfo(fault: Fault): protobuf.Any {
  const metadata: Record<string, string> = {};
  let left = maxDetailBytes / 2;
  for (const [key, value] of Object.entries(fault.metadata)) {
    const size = Buffer.byteLength(key) + Buffer.byteLength(value);
    if (size > left) continue;
    left -= size;
    metadata[key] = value;
  }
  if (kindOfStatus(grpcStatusOf(fault.kind)) !== fault.kind) metadata[kindMetadataKey] = fault.kind;
  const value = rpc.ErrorInfo.encode({ reason: fault.reason, domain: fault.domain, metadata }).finish();
  return { typeUrl: `${typePrefix}ErrorInfo`, value: Buffer.from(value) };
}

function badRequest(fault: Fault): protobuf.Any | undefined {
  if (fault.violations.length === 0) return undefined;
  let left = maxDetailBytes / 2;
  const fieldViolations: rpc.BadRequest_FieldViolation[] = [];
  for (const violation of fault.violations) {
    const field = shorten(violation.field, 200);
    const description = shorten(violation.description, 200);
    left -= Buffer.byteLength(field) + Buffer.byteLength(description);
    if (left < 0) break;
    fieldViolations.push({ field, description, reason: '', localizedMessage: undefined });
  }
  const value = rpc.BadRequest.encode({ fieldViolations }).finish();
  return { typeUrl: `${typePrefix}BadRequest`, value: Buffer.from(value) };
}

function retryInfo(retryAfterMs: number): protobuf.Any {
  const seconds = Math.floor(retryAfterMs / 1_000);
  const nanos = Math.round((retryAfterMs - seconds * 1_000) * 1_000_000);
  const value = rpc.RetryInfo.encode({ retryDelay: { seconds: BigInt(seconds), nanos } }).finish();
  return { typeUrl: `${typePrefix}RetryInfo`, value: Buffer.from(value) };
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
