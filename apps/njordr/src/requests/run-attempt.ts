import { type common, njordr } from '@edda/contracts';
import { type Clock, currentSpan } from '@edda/telemetry';
import { type JobCancelReason, type JobErrorClass, type JobEvent, type LinkHub } from '../link/link-hub.ts';
import { addChunk, type DeliveredOutput, emptyOutput } from './delivered-output.ts';
import { type ExecutionSink } from './event-channel.ts';
import { type OutputMeter } from './output-meter.ts';
import { type PlannedCandidate, type PlannedRequest } from './request-plan.ts';
import { type CallOff, type RunControl } from './run-control.ts';

/** How an attempt ended, before anything is made of it. */
export type AttemptEnd =
  | { how: 'done'; finishReason: common.FinishReason }
  | { how: 'limit' }
  | { how: 'called-off'; why: CallOff }
  /** `quoted`: the message is the provider's own. */
  | { how: 'failed'; errorClass: JobErrorClass; message: string; quoted?: boolean };

export interface AttemptReport {
  attempt: number;
  candidate: PlannedCandidate;
  startedAt: Date;
  endedAt: Date;
  durationMs: number;
  ttftMs: number | undefined;
  end: AttemptEnd;
  output: DeliveredOutput;
  claimedInputTokens: bigint | undefined;
  claimedOutputTokens: bigint | undefined;
}

/** One request while it runs; shared by its attempts. */
export interface RequestRun {
  readonly plan: PlannedRequest;
  readonly control: RunControl;
  readonly sink: ExecutionSink;
  readonly meter: OutputMeter;
  /** How long the requester may take to take a chunk, ms. */
  readonly slowReaderMs: number;
  /** Number of the last chunk put. */
  sequence: bigint;
  /** Called when the first chunk of an attempt was taken, and after every further one. */
  onDelivered(report: AttemptReport, first: boolean): void;
}

const cancelReasons: Record<CallOff, JobCancelReason> = {
  requester: 'requester',
  deadline: 'deadline',
  shutdown: 'provider-removed',
  lost: 'superseded',
};

/** Has one provider answer once, streaming to the sink as fast as it takes. Never throws for what a provider does. */
export async function runAttempt(
  { hub, clock }: { hub: Pick<LinkHub, 'dispatch'>; clock: Clock },
  run: RequestRun,
  candidate: PlannedCandidate,
  attempt: number,
): Promise<AttemptReport> {
  const startedAt = clock.now();
  const startedMs = performance.now();
  const report: AttemptReport = {
    ...{ attempt, candidate, startedAt, endedAt: startedAt, durationMs: 0, ttftMs: undefined, output: emptyOutput() },
    ...{ claimedInputTokens: undefined, claimedOutputTokens: undefined },
    end: { how: 'failed', errorClass: 'fault', message: 'the line ended without a word' },
  };
  const { control } = run;
  const { providerId } = candidate;
  const span = currentSpan()?.child('attempt', {
    attributes: { 'edda.provider_id': providerId, 'edda.attempt': attempt },
  });
  const job = jobOf(run.plan, candidate, attempt, span?.traceparent ?? '');
  const handle = hub.dispatch(job, providerId);
  const cancel = (): void => handle.cancel(cancelReasons[control.calledOff ?? 'requester']);
  control.signal.addEventListener('abort', cancel, { once: true });
  try {
    if (control.signal.aborted) cancel();
    for await (const event of handle.events) {
      if (event.type === 'chunk' && report.ttftMs === undefined) {
        report.ttftMs = performance.now() - startedMs;
        span?.event('first_token');
      }
      const end = await take(run, report, event);
      if (end === undefined) continue;
      report.end = end;
      if (end.how === 'limit') handle.cancel('cost-limit');
      break;
    }
  } finally {
    control.signal.removeEventListener('abort', cancel);
  }
  if (control.calledOff !== undefined && report.end.how !== 'limit') {
    report.end = { how: 'called-off', why: control.calledOff };
  }
  report.endedAt = clock.now();
  report.durationMs = performance.now() - startedMs;
  span?.end(failureOf(report.end));
  return report;
}

/** @returns how the attempt ended, if this event ends it */
async function take(run: RequestRun, report: AttemptReport, event: JobEvent): Promise<AttemptEnd | undefined> {
  switch (event.type) {
    case 'accepted':
      return undefined;
    case 'chunk':
      return deliver(run, report, event);
    case 'done':
      report.claimedInputTokens = event.claimedInputTokens;
      report.claimedOutputTokens = event.claimedOutputTokens;
      return { how: 'done', finishReason: event.finishReason };
    case 'failed':
      return { how: 'failed', errorClass: event.errorClass, message: event.message, quoted: event.quoted === true };
  }
}

async function deliver(
  run: RequestRun,
  report: AttemptReport,
  event: Extract<JobEvent, { type: 'chunk' }>,
): Promise<AttemptEnd | undefined> {
  if (run.control.signal.aborted) return { how: 'called-off', why: run.control.calledOff ?? 'requester' };
  const chunk = meterChunk(run, event, report.candidate.providerId);
  if (chunk !== undefined) {
    const taken = await putInTime(run, chunk);
    if (!taken) {
      // Unless it was called off while nobody read, the requester is gone.
      run.control.callOff('requester');
      return { how: 'called-off', why: run.control.calledOff ?? 'requester' };
    }
    const first = report.output.billed === '';
    addChunk(report.output, chunk);
    run.onDelivered(report, first);
  }
  return run.meter.full ? { how: 'limit' } : undefined;
}

/** Who takes nothing for too long is as good as gone: until then the provider waits, and what it sent is kept here. */
async function putInTime({ sink, control, slowReaderMs }: RequestRun, value: njordr.OutputChunk): Promise<boolean> {
  const put = sink.put({ event: { $case: 'chunk', value } }, control.signal);
  if (typeof put === 'boolean') return put;
  const timer = setTimeout(() => control.callOff('requester'), slowReaderMs);
  try {
    return await put;
  } finally {
    clearTimeout(timer);
  }
}

/** The chunk as far as the budget reaches; undefined when nothing of it remains. */
function meterChunk(
  run: RequestRun,
  event: Extract<JobEvent, { type: 'chunk' }>,
  providerId: string,
): njordr.OutputChunk | undefined {
  const reasoning = run.meter.take(event.reasoning);
  const content = run.meter.take(event.content);
  const toolCalls: njordr.ToolCallDelta[] = [];
  for (const delta of event.toolCalls) {
    if (run.meter.full) break;
    toolCalls.push({ ...delta, name: run.meter.take(delta.name), arguments: run.meter.take(delta.arguments) });
  }
  if (reasoning === '' && content === '' && toolCalls.length === 0) return undefined;
  run.sequence += 1n;
  return { sequence: run.sequence, content, reasoning, providerId, toolCalls };
}

function failureOf(end: AttemptEnd): string | undefined {
  if (end.how === 'failed') return end.errorClass;
  return end.how === 'called-off' ? end.why : undefined;
}

function jobOf(plan: PlannedRequest, candidate: PlannedCandidate, attempt: number, traceparent: string): njordr.Job {
  const { parameters: p, budget } = plan;
  return njordr.Job.fromPartial({
    jobId: plan.transactionId,
    attempt,
    transactionId: plan.transactionId,
    model: p.model,
    messages: plan.messages,
    maxOutputTokens: budget < candidate.room ? budget : candidate.room,
    temperature: p.temperature,
    topP: p.topP,
    stop: p.stop,
    seed: p.seed,
    responseFormat: p.responseFormat,
    deadline: plan.deadline,
    tools: p.tools,
    toolChoice: p.toolChoice,
    frequencyPenalty: p.frequencyPenalty,
    presencePenalty: p.presencePenalty,
    traceparent,
  });
}
