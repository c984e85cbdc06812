import { UpstreamError, type UpstreamErrorKind } from '../upstream-error.ts';

/**
 * What a status means for the market. 429 and 503 are how vLLM, llama.cpp and Ollama say that they
 * are full or still loading; 401, 403 and 404 mean that this agent is set up wrongly, which is no
 * fault of the requester.
 */
export function kindOfStatus(status: number): UpstreamErrorKind {
  if (status === 429 || status === 503) return 'NO_CAPACITY';
  if (status === 408 || status === 425) return 'TRANSIENT';
  if (status === 400 || status === 413 || status === 422) return 'BAD_REQUEST';
  if (status >= 500 && status !== 501) return 'TRANSIENT';
  return 'FAULT';
}

/** An error for an answer that is not 2xx; the server's own words are kept, bounded, for the log. */
export function errorOfResponse(status: number, body: string): UpstreamError {
  return new UpstreamError(kindOfStatus(status), `the upstream answered ${status}: ${messageIn(body)}`);
}

/** An error object inside a stream: OpenAI, vLLM and llama.cpp put `error.code` or `error.status` there. */
export function errorOfObject(error: unknown): UpstreamError {
  const fields = isRecord(error) ? error : { message: error };
  const status = [fields.code, fields.status].find((value) => typeof value === 'number' && value >= 400);
  const kind = typeof status === 'number' ? kindOfStatus(status) : 'TRANSIENT';
  return new UpstreamError(kind, `the upstream failed: ${textOf(fields.message)}`);
}

/** What fetch or a body threw: refused, reset, unresolvable; all of it may be different a moment later. */
export function errorOfConnection(cause: unknown): UpstreamError {
  if (cause instanceof UpstreamError) return cause;
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  return new UpstreamError('TRANSIENT', `the upstream cannot be reached: ${messageOf(inner)}`, cause);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : 'unknown reason';
}

function messageIn(body: string): string {
  try {
    const parsed: unknown = JSON.parse(body);
    if (isRecord(parsed)) {
      const inner = isRecord(parsed.error) ? parsed.error.message : (parsed.error ?? parsed.message ?? parsed.detail);
      return textOf(inner);
    }
  } catch {
    // Not JSON: a proxy's page or plain text; shown as it is.
  }
  return textOf(body);
}

function textOf(value: unknown): string {
  if (value === undefined || value === null || value === '') return 'no reason given';
  return (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, 300);
}
