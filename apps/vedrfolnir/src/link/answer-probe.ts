import { type njordr } from '@edda/contracts';
import { type Upstream } from '../upstream/upstream.ts';
import { asUpstreamError, UpstreamError } from '../upstream/upstream-error.ts';
import { probeToUpstreamJob } from './to-upstream-job.ts';

export interface AnswerProbeOptions {
  probe: njordr.Probe;
  /** What the upstream calls the model; undefined when it is not offered. */
  model: string | undefined;
  upstream: Upstream;
  signal: AbortSignal;
  /** Milliseconds, monotonic. */
  now: () => number;
  /** Milliseconds left until the probe's deadline. */
  leftMs: number;
}

const MAX_OUTPUT_CHARS = 21_000;

/** Answers a test as a job would be answered, in one message; what goes wrong is in `error`. */
export async function answerProbe(options: AnswerProbeOptions): Promise<njordr.ProbeResult> {
  const { probe, now } = options;
  const start = now();
  const elapsed = () => Math.max(0, Math.round(now() - start));
  let output = '';
  let thoughts = '';
  let ttftMs = 0;
  const result = (error: string): njordr.ProbeResult => {
    return { probeId: probe.probeId, output: error === '' ? output : '', ttftMs, durationMs: elapsed(), error };
  };
  try {
    if (options.model === undefined) throw new UpstreamError('FAULT', 'this model is not offered here');
    const signal = AbortSignal.any([
      options.signal,
      AbortSignal.timeout(Math.max(0, Math.min(options.leftMs, 600_000))),
    ]);
    for await (const event of options.upstream.generate(probeToUpstreamJob(probe, options.model), signal)) {
      if ('done' in event) break;
      if (ttftMs === 0) ttftMs = Math.max(1, elapsed());
      output += event.content ?? '';
      thoughts += event.reasoning ?? '';
      // The contract's 65,536 bytes hold at least this many characters.
      if (output.length + thoughts.length > MAX_OUTPUT_CHARS) break;
    }
    // A few tokens may not get a reasoning model beyond its thoughts; they too prove that it works.
    output = (output || thoughts).slice(0, MAX_OUTPUT_CHARS);
    return result('');
  } catch (error) {
    return result(asUpstreamError(error).message.slice(0, 1000) || 'failed');
  }
}
