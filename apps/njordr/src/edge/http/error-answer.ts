import { type Fault, httpStatusOf, type Problem, toProblem } from '@edda/faults';

/** HTTP has statuses of its own for these; everything else follows the fault's kind. */
const statusOfReason: Readonly<Record<string, number>> = { BODY_TOO_LARGE: 413, CONTENT_TYPE_UNSUPPORTED: 415 };

/** The status line for a fault. */
export function statusOf(fault: Fault): number {
  return statusOfReason[fault.reason] ?? httpStatusOf(fault.kind);
}

/** The problem document for a fault; its `status` is that of the status line. */
export function problemOf(fault: Fault, requestId?: string): Problem {
  const problem = toProblem(fault, requestId === undefined ? undefined : `urn:request:${requestId}`);
  return { ...problem, status: statusOf(fault) };
}

/** An error in the form OpenAI's SDKs read. */
export interface OpenAiError {
  error: {
    message: string;
    type: string;
    /** Our reason, e.g. INSUFFICIENT_FUNDS. */
    code: string;
    /** The field that is wrong, where there is one. */
    param: string | null;
    metadata?: Readonly<Record<string, string>>;
  };
}

const typeOfStatus: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  402: 'insufficient_quota',
  403: 'permission_error',
  429: 'rate_limit_error',
};

export function openAiErrorOf(fault: Fault): OpenAiError {
  const status = statusOf(fault);
  return {
    error: {
      message: fault.message,
      type: typeOfStatus[status] ?? (status >= 500 ? 'server_error' : 'invalid_request_error'),
      code: fault.reason,
      param: fault.violations[0]?.field ?? null,
      ...(Object.keys(fault.metadata).length > 0 && { metadata: fault.metadata }),
    },
  };
}

/** Headers that go with a fault: when to come back, and whether OpenAI's SDKs should at all. */
export function errorHeaders(fault: Fault): Record<string, string> {
  const headers: Record<string, string> = {};
  if (fault.retryAfterMs !== undefined) {
    headers['retry-after'] = String(Math.max(1, Math.ceil(fault.retryAfterMs / 1_000)));
    headers['retry-after-ms'] = String(fault.retryAfterMs);
  }
  if (fault.kind === 'unauthenticated') headers['www-authenticate'] = 'Bearer';
  // The SDKs repeat every 409 and 5xx; these two answer the same however often they are asked.
  if (fault.kind === 'already-exists' || fault.kind === 'unimplemented') headers['x-should-retry'] = 'false';
  return headers;
}
