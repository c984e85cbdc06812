import { setTimeout as sleep } from 'node:timers/promises';
import { commonFaults } from '@edda/faults';
import { anchorFromJson, type AnchorStore, anchorToJson } from './anchor.ts';

export interface UrlAnchorOptions {
  url: string;
  /** One attempt's deadline; 10,000 ms by default. */
  timeoutMs?: number;
  /** Attempts in all; 3 by default. */
  attempts?: number;
  /** Wait before the second attempt, doubling; 500 ms by default. */
  backoffMs?: number;
}

/** An anchor is some 200 bytes; an answer longer than this is none. */
const MAX_ANSWER_BYTES = 65_536;

/**
 * Anchors kept by an HTTP service: `POST <url>` with the anchor as JSON and `Idempotency-Key: <service>-<sequence>`
 * keeps one (any 2xx); `GET <url>?service=<service>` answers the newest (200), or 204 or 404 for none.
 */
export function createUrlAnchorStore(options: UrlAnchorOptions): AnchorStore {
  return {
    name: `url ${new URL(options.url).origin}`,
    async append(anchor, signal) {
      const response = await send(options, signal, new URL(options.url), {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': `${anchor.service}-${anchor.sequence}` },
        body: anchorToJson(anchor),
      });
      await response.body?.cancel();
      if (!response.ok) throw refused(response.status);
    },
    async newest(service, signal) {
      const url = new URL(options.url);
      url.searchParams.set('service', service);
      const response = await send(options, signal, url, { method: 'GET', headers: { accept: 'application/json' } });
      if (response.status === 204 || response.status === 404) {
        await response.body?.cancel();
        return undefined;
      }
      if (!response.ok) {
        await response.body?.cancel();
        throw refused(response.status);
      }
      const anchor = anchorFromJson(await limitedText(response));
      if (anchor?.service !== service) throw unavailable('The anchor’s answer is no anchor of this service.');
      return anchor;
    },
  };
}

/** Repeats what may pass: no answer, 429, 5xx. */
async function send(options: UrlAnchorOptions, signal: AbortSignal, url: URL, init: RequestInit): Promise<Response> {
  const { timeoutMs = 10_000, attempts = 3, backoffMs = 500 } = options;
  for (let attempt = 1; ; attempt++) {
    try {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      const response = await fetch(url, { ...init, redirect: 'error', signal: limit });
      if ((response.status !== 429 && response.status < 500) || attempt >= attempts) return response;
      await response.body?.cancel();
    } catch (cause) {
      if (attempt >= attempts || signal.aborted) throw unavailable('The anchor does not answer.', cause);
    }
    await sleep(backoffMs * 2 ** (attempt - 1), undefined, { signal });
  }
}

async function limitedText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes as Uint8Array, { stream: true });
    if (text.length > MAX_ANSWER_BYTES) throw unavailable('The anchor’s answer is too long.');
  }
  return text;
}

const refused = (status: number): Error => unavailable(`The anchor answered ${status}.`);

function unavailable(message: string, cause?: unknown): Error {
  return commonFaults.DEPENDENCY_UNAVAILABLE(message, { cause, retryAfterMs: 60_000 });
}
