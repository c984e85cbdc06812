import { common, type njordr } from '@edda/contracts';
import { type JobCancelReason, type JobErrorClass, type JobEvent, type LinkHub } from '../../src/link/link-hub.ts';

/** What a provider does with a job: texts are chunks; HANG waits until the job is cancelled. */
export type ScriptStep =
  | string
  | { reasoning: string }
  | { tool: string }
  | { failed: JobErrorClass; quoting?: string }
  | { done: common.FinishReason; claimed?: bigint }
  | { pauseMs: number };

/** The step that waits until the job is cancelled. */
export const HANG = 'hang!';

export const stop: ScriptStep = { done: common.FinishReason.STOP };

/** A link hub whose providers act by script: each job takes the next one, the last one stays. */
export function createScriptedHub() {
  const scripts = new Map<string, ScriptStep[][]>();
  const jobs: { job: njordr.Job; providerId: string; cancelled?: JobCancelReason }[] = [];
  const hub: Pick<LinkHub, 'dispatch'> = {
    dispatch(job, providerId) {
      const queue = scripts.get(providerId) ?? [[{ failed: 'no-capacity' }]];
      const steps = (queue.length > 1 ? queue.shift() : queue[0]) ?? [];
      const record: (typeof jobs)[number] = { job, providerId };
      jobs.push(record);
      const cancelled = Promise.withResolvers<void>();
      return {
        events: play(steps, () => record.cancelled !== undefined, cancelled.promise),
        cancel(reason) {
          record.cancelled ??= reason;
          cancelled.resolve();
        },
      };
    },
  };
  return { hub, jobs, script: (providerId: string, ...queue: ScriptStep[][]) => void scripts.set(providerId, queue) };
}

async function* play(
  steps: readonly ScriptStep[],
  isCancelled: () => boolean,
  cancelled: Promise<void>,
): AsyncGenerator<JobEvent, void, undefined> {
  const none = { claimedInputTokens: undefined, claimedOutputTokens: undefined };
  let sequence = 0n;
  yield { type: 'accepted' };
  for (const step of steps) {
    if (step === HANG) await cancelled;
    if (isCancelled()) return yield { type: 'done', finishReason: common.FinishReason.CANCELLED, ...none };
    if (step === HANG) continue;
    if (typeof step === 'object' && 'pauseMs' in step) {
      await Promise.race([cancelled, new Promise((resolve) => setTimeout(resolve, step.pauseMs))]);
    } else if (typeof step === 'object' && 'failed' in step) {
      return yield {
        ...{ type: 'failed', errorClass: step.failed, message: step.quoting ?? 'scripted' },
        quoted: step.quoting !== undefined,
      };
    } else if (typeof step === 'object' && 'done' in step) {
      return yield { type: 'done', finishReason: step.done, ...none, claimedOutputTokens: step.claimed };
    } else {
      sequence += 1n;
      const tool = typeof step === 'object' && 'tool' in step ? step.tool : undefined;
      yield {
        ...{ type: 'chunk', sequence, content: typeof step === 'string' ? step : '' },
        reasoning: typeof step === 'object' && 'reasoning' in step ? step.reasoning : '',
        toolCalls: tool === undefined ? [] : [{ index: 0, id: 'call-1', name: tool, arguments: '{}' }],
      };
    }
  }
}
