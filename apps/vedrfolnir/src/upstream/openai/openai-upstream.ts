import { type FinishReason, type Upstream, type UpstreamEvent, type UpstreamJob } from '../upstream.ts';
import { UpstreamError } from '../upstream-error.ts';
import { chatBody, type Continuation } from './chat-body.ts';
import { errorOfConnection, errorOfResponse } from './http-error.ts';
import { parseSse } from './parse-sse.ts';
import { type Delta, readDelta } from './read-delta.ts';
import { readModels } from './read-models.ts';
import { createWatchdog, type Watchdog } from './watchdog.ts';
import { createWholeCharacters } from './whole-characters.ts';

export interface OpenAiUpstreamOptions {
  /** With or without `/v1` at its end: `http://127.0.0.1:11434`. */
  baseUrl: string;
  apiKey?: string;
  continuation?: Continuation;
  /** Longest wait for the first piece of an answer, milliseconds. Default 120,000: models may have to load. */
  firstTokenTimeoutMs?: number;
  /** Longest silence between two pieces, milliseconds. Default 30,000. */
  idleTimeoutMs?: number;
  /** Longest wait for the model list, milliseconds. Default 10,000. */
  listTimeoutMs?: number;
  /** Bound for one event and for an answer that was not streamed, characters. Default 1 MiB. */
  maxEventChars?: number;
}

const ERROR_BODY_CHARS = 8192;

/** An upstream for any server with OpenAI's HTTP interface: Ollama, vLLM, llama.cpp, LM Studio, … */
export function createOpenAiUpstream(options: OpenAiUpstreamOptions): Upstream {
  const root = options.baseUrl.replace(/\/+$/, '').replace(/\/v1$/, '');
  const maxEventChars = options.maxEventChars ?? 1_048_576;
  const headers = {
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
    ...(options.apiKey && { authorization: `Bearer ${options.apiKey}` }),
  };

  async function* generate(job: UpstreamJob, signal: AbortSignal): AsyncGenerator<UpstreamEvent> {
    const continuation = options.continuation ?? 'assistant-prefill';
    if (job.continueFrom !== '' && continuation === 'none') {
      throw new UpstreamError('FAULT', 'this upstream is set up without continuation');
    }
    const watchdog = createWatchdog(signal);
    watchdog.expect(options.firstTokenTimeoutMs ?? 120_000, 'first piece');
    try {
      const body = JSON.stringify(chatBody(job, continuation));
      const response = await call(`${root}/v1/chat/completions`, { method: 'POST', headers, body }, watchdog.signal);
      yield* answer(deltasOf(response, maxEventChars), watchdog, options.idleTimeoutMs ?? 30_000);
    } catch (error) {
      throw reasonOf(error, watchdog.signal);
    } finally {
      watchdog.stop();
    }
  }

  return {
    name: 'openai',
    generate,
    async listModels(signal) {
      const watchdog = createWatchdog(signal);
      watchdog.expect(options.listTimeoutMs ?? 10_000, 'model list');
      try {
        const response = await call(`${root}/v1/models`, { headers }, watchdog.signal);
        return readModels(JSON.parse(await textOf(response, maxEventChars)));
      } catch (error) {
        if (error instanceof SyntaxError) throw new UpstreamError('FAULT', 'the model list is not JSON', error);
        throw reasonOf(error, watchdog.signal);
      } finally {
        watchdog.stop();
      }
    },
  };
}

async function call(url: string, init: RequestInit, signal: AbortSignal): Promise<Response> {
  const response = await fetch(url, { ...init, signal, redirect: 'error' });
  if (response.ok) return response;
  throw errorOfResponse(response.status, await textOf(response, ERROR_BODY_CHARS, 'cut'));
}

async function* deltasOf(response: Response, maxEventChars: number): AsyncGenerator<Delta | '[DONE]'> {
  // Servers that cannot stream (or a proxy that collects) answer with one plain completion.
  if (response.headers.get('content-type')?.includes('application/json')) {
    yield readDelta(await textOf(response, maxEventChars));
    return;
  }
  for await (const data of parseSse(response.body ?? emptyBody(), maxEventChars)) {
    if (data.trim() === '[DONE]') yield '[DONE]';
    else if (data.trim() !== '') yield readDelta(data);
  }
}

async function* answer(
  deltas: AsyncIterable<Delta | '[DONE]'>,
  watchdog: Watchdog,
  idleTimeoutMs: number,
): AsyncGenerator<UpstreamEvent> {
  let finish: FinishReason | undefined;
  let usage: Delta['usage'];
  const characters = createWholeCharacters();
  for await (const delta of deltas) {
    if (delta === '[DONE]') break;
    finish = delta.finish ?? finish;
    // Some servers count along in every chunk: the last count is the one that stands.
    usage = delta.usage ?? usage;
    // Role-only chunks come long before the first word: only words end the wait for it.
    const piece = delta.piece && characters.push(delta.piece);
    if (!piece) continue;
    watchdog.pause();
    yield piece;
    watchdog.expect(idleTimeoutMs, 'further piece');
  }
  const rest = characters.rest();
  if (rest) yield rest;
  if (finish === undefined) throw new UpstreamError('TRANSIENT', 'the stream ended before the answer did');
  yield {
    done: finish,
    ...(usage && { claimedInputTokens: usage.input, claimedOutputTokens: usage.output }),
  };
}

/** Our own abort explains itself better than what fetch makes of it. */
function reasonOf(error: unknown, signal: AbortSignal): UpstreamError {
  if (signal.aborted && signal.reason instanceof UpstreamError) return signal.reason;
  return errorOfConnection(error);
}

async function textOf(response: Response, maxChars: number, beyond: 'throw' | 'cut' = 'throw'): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  const body: AsyncIterable<Uint8Array> = response.body ?? emptyBody();
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length <= maxChars) continue;
    if (beyond === 'cut') return text.slice(0, maxChars);
    throw new UpstreamError('FAULT', `the upstream sent more than ${maxChars} characters`);
  }
  return text + decoder.decode();
}

async function* emptyBody(): AsyncGenerator<Uint8Array> {}
