import { commonFaults, type Fault } from '@edda/faults';
import { z } from 'zod';

/** What is counted, as Anthropic's Messages API takes it. */
export interface CountRequest {
  model: string;
  system?: string;
  messages: readonly { role: 'user' | 'assistant'; content: string }[];
}

export interface CountEndpointOptions {
  /** Base address, without `/v1`. */
  url: string;
  apiKey: string;
}

/** Of the published API; the answer's form belongs to it. */
const VERSION = '2023-06-01';
/** An answer has some twenty bytes. */
const MAX_ANSWER_BYTES = 65_536;

const answerSchema = z.object({ input_tokens: z.int().min(0).max(1_000_000_000_000) });

/**
 * One call of Anthropic's `POST /v1/messages/count_tokens`.
 * @returns the tokens of the conversation, with what the format adds
 * @throws DEPENDENCY_UNAVAILABLE where the endpoint fails, refuses the key, limits the rate or answers what it should
 *   not; INVALID_INPUT where it finds fault with this conversation; whatever `signal` was aborted with
 */
export async function askCountEndpoint(
  { url, apiKey }: CountEndpointOptions,
  request: CountRequest,
  signal: AbortSignal,
): Promise<number> {
  const response = await fetch(new URL('/v1/messages/count_tokens', url), {
    method: 'POST',
    headers: { 'x-api-key': apiKey, 'anthropic-version': VERSION, 'content-type': 'application/json' },
    body: JSON.stringify(request),
    signal,
    // The key goes to the address it is for and nowhere else.
    redirect: 'error',
  }).catch((cause: unknown) => {
    signal.throwIfAborted();
    throw unavailable('The endpoint cannot be reached.', cause);
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw refusalOf(response.status);
  }
  const parsed = answerSchema.safeParse(await readJson(response, signal));
  if (!parsed.success) throw unavailable('The endpoint did not answer with a count.', parsed.error);
  return parsed.data.input_tokens;
}

/** Statuses about the conversation rather than about the endpoint, the key or the rate. */
const aboutTheRequest: ReadonlySet<number> = new Set([400, 404, 413, 422]);

function refusalOf(status: number): Fault {
  const message = `The endpoint answered ${status}.`;
  if (aboutTheRequest.has(status)) return commonFaults.INVALID_INPUT(message);
  return commonFaults.DEPENDENCY_UNAVAILABLE(message, { metadata: { status: String(status) } });
}

const unavailable = (message: string, cause?: unknown): Fault =>
  commonFaults.DEPENDENCY_UNAVAILABLE(message, { cause });

async function readJson(response: Response, signal: AbortSignal): Promise<unknown> {
  if (response.body === null) return undefined;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      bytes += chunk.length;
      if (bytes > MAX_ANSWER_BYTES) return undefined;
      chunks.push(chunk);
    }
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch (cause) {
    signal.throwIfAborted();
    throw unavailable('The endpoint’s answer could not be read.', cause);
  }
}
