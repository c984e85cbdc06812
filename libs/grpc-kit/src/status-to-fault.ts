import { rpc } from '@edda/contracts';
import { commonFaults, Fault, type FaultDetails, type FaultFactory } from '@edda/faults';
import { type ServiceError, status } from '@grpc/grpc-js';
import { isFaultKind, kindOfStatus } from './fault-kinds.ts';
import { kindMetadataKey } from './fault-to-status.ts';
import { metadataKeys } from './metadata-keys.ts';

/** What a status means when its sender attached no details: grpc-js itself, a proxy, or a foreign server. */
const bareStatus: Partial<Record<number, FaultFactory>> = {
  [status.CANCELLED]: commonFaults.CANCELLED,
  [status.INVALID_ARGUMENT]: commonFaults.INVALID_INPUT,
  [status.DEADLINE_EXCEEDED]: commonFaults.DEADLINE_EXCEEDED,
  [status.NOT_FOUND]: commonFaults.NOT_FOUND,
  [status.PERMISSION_DENIED]: commonFaults.ROLE_FORBIDDEN,
  [status.RESOURCE_EXHAUSTED]: commonFaults.RATE_LIMITED,
  [status.UNIMPLEMENTED]: commonFaults.UNIMPLEMENTED,
  [status.UNAVAILABLE]: commonFaults.DEPENDENCY_UNAVAILABLE,
  [status.UNAUTHENTICATED]: commonFaults.TOKEN_INVALID,
};

/** grpc-js reports some lost connections as INTERNAL; the text is all there is to tell. */
const lostConnection = /ECONNRESET|EPIPE|ERR_HTTP2_(STREAM_CANCEL|SESSION_ERROR|GOAWAY_SESSION)/;
const tooLarge = /larger than|size larger/;

/** The fault a peer sent, or the common fault its bare status stands for. Never throws. */
export function statusToFault(error: ServiceError): Fault {
  const sent = decodeDetails(error);
  if (sent !== undefined) return sent;
  const details: FaultDetails = { cause: error };
  if (error.code === status.RESOURCE_EXHAUSTED && tooLarge.test(error.details)) {
    return commonFaults.BODY_TOO_LARGE(error.details, details);
  }
  if (error.code === status.INTERNAL && lostConnection.test(error.details)) {
    return commonFaults.DEPENDENCY_UNAVAILABLE('The connection was lost.', details);
  }
  const factory = bareStatus[error.code] ?? commonFaults.INTERNAL;
  return factory(error.details === '' ? 'The call failed.' : error.details, details);
}

function decodeDetails(error: ServiceError): Fault | undefined {
  const raw = (error.metadata as ServiceError['metadata'] | undefined)?.get(metadataKeys.statusDetails)[0];
  if (!(raw instanceof Uint8Array)) return undefined;
  try {
    return faultFrom(error, rpc.Status.decode(raw));
  } catch {
    return undefined;
  }
}

function faultFrom(error: ServiceError, decoded: rpc.Status): Fault | undefined {
  const detail = (name: string) => decoded.details.find((any) => any.typeUrl.endsWith(`google.rpc.${name}`))?.value;
  const infoBytes = detail('ErrorInfo');
  if (infoBytes === undefined) return undefined;
  const info = rpc.ErrorInfo.decode(infoBytes);
  const { [kindMetadataKey]: named, ...metadata } = info.metadata;
  const kind = named !== undefined && isFaultKind(named) ? named : (kindOfStatus(error.code) ?? 'internal');
  const badRequest = detail('BadRequest');
  const retry = detail('RetryInfo');
  const delay = retry === undefined ? undefined : rpc.RetryInfo.decode(retry).retryDelay;
  return new Fault(kind, info.reason, decoded.message, {
    domain: info.domain,
    metadata,
    cause: error,
    ...(badRequest !== undefined && {
      violations: rpc.BadRequest.decode(badRequest).fieldViolations.map(({ field, description }) => ({
        field,
        description,
      })),
    }),
    ...(delay !== undefined && { retryAfterMs: Number(delay.seconds) * 1_000 + delay.nanos / 1_000_000 }),
  });
}
