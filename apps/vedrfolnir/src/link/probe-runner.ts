import { type njordr } from '@edda/contracts';
import { type Logger } from '@edda/telemetry';
import { type Upstream } from '../upstream/upstream.ts';
import { answerProbe } from './answer-probe.ts';
import { type Body } from './run-job.ts';

export interface ProbeRunnerOptions {
  upstream: Upstream;
  upstreamModelOf: (model: string) => string | undefined;
  post: (body: Body) => void;
  /** Ends running probes. */
  signal: AbortSignal;
  logger: Logger;
}

const PROBES_AT_ONCE = 4;
const DEFAULT_DEADLINE_MS = 60_000;

/** Runs the market's tests beside the jobs: they do not count towards the capacity, but there is a bound of their own. */
export function createProbeRunner(options: ProbeRunnerOptions): { run: (probe: njordr.Probe) => void } {
  const { upstream, signal, logger } = options;
  let running = 0;

  async function answer(probe: njordr.Probe): Promise<void> {
    running += 1;
    const model = options.upstreamModelOf(probe.model);
    const leftMs = probe.deadline ? probe.deadline.getTime() - Date.now() : DEFAULT_DEADLINE_MS;
    const result = await answerProbe({ probe, model, upstream, signal, now: () => performance.now(), leftMs });
    running -= 1;
    options.post({ $case: 'probeResult', value: result });
    logger.info({ probe_id: probe.probeId, ttft_ms: result.ttftMs, error: result.error }, 'probe answered');
  }

  return {
    run(probe) {
      if (running < PROBES_AT_ONCE) return void answer(probe);
      const value = { probeId: probe.probeId, output: '', ttftMs: 0, durationMs: 0, error: 'too many probes at once' };
      options.post({ $case: 'probeResult', value });
    },
  };
}
