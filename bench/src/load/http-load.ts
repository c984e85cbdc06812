import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LoadResult, loadResult } from './latencies.ts';

export interface HttpLoad {
  url: string;
  /** Used in turn; each connection keeps one. At least one. */
  tokens: readonly string[];
  body: string;
  /** What every answer must contain. */
  expected: string;
  concurrency: number;
  ms: number;
  /** Requests started per second, evenly spread; without it, each connection asks again as soon as it is answered. */
  rate?: number;
}

/** Posts to a server on loopback for a while. @throws Error on the first answer other than 200 with what is expected */
export async function httpLoad(load: HttpLoad): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: load.rate === undefined ? load.concurrency : Infinity });
  const latencies: number[] = [];
  const startedAt = performance.now();
  const until = startedAt + load.ms;
  const once = async (turn: number, since = performance.now()) => {
    await post(agent, load, load.tokens[turn % load.tokens.length] ?? '');
    latencies.push(performance.now() - since);
  };
  const keepAsking = async (_: unknown, turn: number) => {
    while (performance.now() < until) await once(turn);
  };
  try {
    if (load.rate === undefined) await Promise.all(Array.from({ length: load.concurrency }, keepAsking));
    else await paced(load.rate, startedAt, until, once);
    return loadResult(latencies, (performance.now() - startedAt) / 1_000);
  } finally {
    agent.destroy();
  }
}

/** Latencies count from when a request was due, so that a server that falls behind cannot hide its queue. */
async function paced(
  rate: number,
  startedAt: number,
  until: number,
  once: (turn: number, since: number) => Promise<void>,
): Promise<void> {
  const running: Promise<void>[] = [];
  for (let turn = 0; ; turn++) {
    const due = startedAt + (turn * 1_000) / rate;
    if (due >= until) break;
    const wait = due - performance.now();
    if (wait > 0) await sleep(wait);
    const one = once(turn, due);
    one.catch(() => undefined);
    running.push(one);
  }
  await Promise.all(running);
}

function post(agent: Agent, { url, body, expected }: HttpLoad, token: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    };
    const outgoing = request(url, { method: 'POST', agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200 && text.includes(expected)) resolve();
        else reject(new Error(`${url} answered ${response.statusCode}: ${text}`));
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
