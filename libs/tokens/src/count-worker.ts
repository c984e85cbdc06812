import { parentPort } from 'node:worker_threads';
import { type CountAnswer, type CountJob } from './count-job.ts';
import { createTokenCounter, type TokenCounter } from './create-token-counter.ts';

/** A thread of the counter pool: counts one job after the other and answers each by its number. */
const port = parentPort;
if (port === null) throw new Error('count-worker runs as a worker thread only');

let latest: { key: string; counter: TokenCounter } | undefined;

/** Tables and calibrations change rarely: the last counter is kept. */
function counterFor(options: CountJob['options']): TokenCounter {
  const key = JSON.stringify(options);
  if (latest?.key !== key) latest = { key, counter: createTokenCounter(options) };
  return latest.counter;
}

port.on('message', ({ id, model, input, options }: CountJob) => {
  const counter = counterFor(options);
  const result = typeof input === 'string' ? counter.countText(model, input) : counter.countMessages(model, input);
  port.postMessage({ id, result } satisfies CountAnswer);
});
