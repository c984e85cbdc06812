import { createHash } from 'node:crypto';
import { eikthyrnir, njordr } from '@edda/contracts';
import { type SequencedEvent } from '../events/new-event.ts';
import { type AttemptReport } from '../requests/run-attempt.ts';
import { answerChecks, tokensPerSecond } from './answer-checks.ts';

const Outcome = eikthyrnir.ObservationOutcome;
const Attempt = njordr.AttemptOutcome;

/** The type of the events that carry an Observation as JSON. */
export const OBSERVATION_EVENT = 'njordr.observation.made';

/** How an attempt ended, as far as it tells about the provider. */
export function outcomeOfAttempt({ end }: Pick<AttemptReport, 'end'>): njordr.AttemptOutcome {
  switch (end.how) {
    case 'done':
      return Attempt.SUCCESS;
    case 'limit':
    case 'called-off':
      return Attempt.CANCELLED;
    case 'failed':
      return (
        {
          'no-capacity': Attempt.NO_CAPACITY,
          transient: Attempt.TRANSIENT,
          fault: Attempt.PROVIDER_FAULT,
          'bad-request': Attempt.BAD_REQUEST,
        } as const
      )[end.errorClass];
  }
}

const observed: Record<njordr.AttemptOutcome, eikthyrnir.ObservationOutcome> = {
  [Attempt.UNSPECIFIED]: Outcome.UNSPECIFIED,
  [Attempt.SUCCESS]: Outcome.SUCCESS,
  [Attempt.NO_CAPACITY]: Outcome.NO_CAPACITY,
  [Attempt.TRANSIENT]: Outcome.TRANSIENT,
  [Attempt.PROVIDER_FAULT]: Outcome.PROVIDER_FAULT,
  [Attempt.BAD_REQUEST]: Outcome.BAD_REQUEST,
  [Attempt.CANCELLED]: Outcome.CANCELLED,
};

export interface ObservationOptions {
  transactionId: string;
  requestId: string;
  model: string;
  jsonAsked: boolean;
  impossibleTokensPerSecond: number;
  /** Output tokens as counted for the bill, by provider. */
  countedTokens: (report: AttemptReport) => number;
}

/** One observation per attempt, without any text. */
export function observationOf(report: AttemptReport, options: ObservationOptions): eikthyrnir.Observation {
  const { end, output, ttftMs, durationMs } = report;
  const hasOutput = output.billed !== '';
  const outputTokens = hasOutput ? options.countedTokens(report) : 0;
  const writingMs = durationMs - (ttftMs ?? durationMs);
  const speed = tokensPerSecond(outputTokens, writingMs);
  return eikthyrnir.Observation.fromPartial({
    observationId: observationId(options.transactionId, report.attempt),
    providerId: report.candidate.providerId,
    model: options.model,
    requestId: options.requestId,
    occurredAt: report.endedAt,
    outcome: observed[outcomeOfAttempt(report)],
    ttftMs: ttftMs === undefined ? undefined : Math.round(ttftMs),
    durationMs: BigInt(Math.round(durationMs)),
    outputTokens: BigInt(outputTokens),
    tokensPerSecondMilli: speed === undefined ? undefined : BigInt(Math.round(speed * 1_000)),
    checks:
      hasOutput || end.how === 'done'
        ? answerChecks({
            content: output.content,
            hasOutput,
            jsonAsked: options.jsonAsked && end.how === 'done',
            brokenOff: end.how === 'failed',
            outputTokens,
            // What was cut or broken off cannot be compared with a claim about the whole.
            claimedOutputTokens: end.how === 'done' ? report.claimedOutputTokens : undefined,
            writingMs,
            impossibleTokensPerSecond: options.impossibleTokensPerSecond,
          })
        : undefined,
    attempt: report.attempt,
  });
}

/** An event about nothing else, hence the first of its subject. */
export function observationEvent(observation: eikthyrnir.Observation): SequencedEvent {
  return {
    subject: `observation:${observation.observationId}`,
    sequence: 1n,
    type: OBSERVATION_EVENT,
    payload: eikthyrnir.Observation.toJSON(observation) as Record<string, unknown>,
  };
}

/** At most 64 characters whatever the ids are like, and the same again when the step is repeated. */
function observationId(transactionId: string, attempt: number): string {
  return createHash('sha256').update(`${transactionId}:${attempt}`).digest('hex').slice(0, 32);
}
