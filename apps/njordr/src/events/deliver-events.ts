import { createHash } from 'node:crypto';
import { type common, eikthyrnir, type nornen } from '@edda/contracts';
import { Fault } from '@edda/faults';
import { type GrpcClient } from '@edda/grpc-kit';
import { jsonText, type OutboxEvent } from '@edda/pg-kit';
import { type Logger } from '@edda/telemetry';
import { OBSERVATION_EVENT } from '../quality/observations-of.ts';

export interface DeliverDeps {
  history: Pick<GrpcClient<nornen.HistoryServiceService>, 'ingestEvents'>;
  quality: Pick<GrpcClient<eikthyrnir.QualityServiceService>, 'recordObservations'>;
  logger: Logger;
}

/** Ships a batch of the outbox: observations to Eikthyrnir, everything else to Nornen. Receivers drop repetitions. */
export function createDeliverEvents({ history, quality, logger }: DeliverDeps) {
  return async (batch: readonly OutboxEvent[], signal: AbortSignal): Promise<void> => {
    const observed = batch.filter(({ type }) => type === OBSERVATION_EVENT);
    const told = batch.filter(({ type }) => type !== OBSERVATION_EVENT);
    const observations = observed.map(({ payload }) => eikthyrnir.Observation.fromJSON(payload));
    const results = await Promise.allSettled([
      told.length > 0 && tell({ history, logger }, told, signal),
      observations.length > 0 && record({ quality, logger }, observations, signal),
    ]);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  };
}

/** What contradicts the history is refused for good, after the rest was stored, and must not hold up other subjects. */
async function tell(
  { history, logger }: Pick<DeliverDeps, 'history' | 'logger'>,
  events: readonly OutboxEvent[],
  signal: AbortSignal,
): Promise<void> {
  try {
    await history.ingestEvents(once({ events: events.map(toEvent) }), { signal });
  } catch (error) {
    if (!(error instanceof Fault) || error.reason !== 'EVENT_SEQUENCE_CONFLICT') throw error;
    logger.error({ ...error.metadata, err: error }, 'the history has another event in this place; ours is left behind');
  }
}

async function record(
  { quality, logger }: Pick<DeliverDeps, 'quality' | 'logger'>,
  observations: eikthyrnir.Observation[],
  signal: AbortSignal,
): Promise<void> {
  try {
    await quality.recordObservations({ idempotencyKey: keyOf(observations), observations }, { signal });
  } catch (error) {
    if (!(error instanceof Fault) || (error.kind !== 'invalid' && error.kind !== 'precondition')) throw error;
    // One that is refused for good, say for its age, must not hold up the others for ever.
    if (observations.length === 1) {
      logger.warn({ err: error, observation_id: observations[0]?.observationId }, 'observation refused; dropped');
      return;
    }
    for (const observation of observations) await record({ quality, logger }, [observation], signal);
  }
}

/** Members of the payload that say whom an event concerns become fields of it. */
export function toEvent({ subject, sequence, type, payload, requestId, occurredAt }: OutboxEvent): common.Event {
  const facts = (typeof payload === 'object' && payload !== null ? payload : {}) as Record<string, unknown>;
  const text = (name: string): string => (typeof facts[name] === 'string' ? facts[name] : '');
  return {
    eventId: eventIdOf(subject, sequence),
    ...{ subject, sequence, type, occurredAt },
    service: 'njordr',
    requestId: requestId ?? '',
    networkId: text('network_id'),
    userId: text('user_id') || text('owner_id'),
    providerId: text('provider_id'),
    payloadJson: jsonText(payload),
  };
}

/** A UUID (version 8) derived from what the event is, so that a redelivery carries the same one. */
export function eventIdOf(subject: string, sequence: bigint): string {
  const hash = createHash('sha256').update(`njordr ${subject} ${sequence}`).digest();
  hash[6] = (hash[6]! & 0x0f) | 0x80;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  return hash.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** The same batch has the same key. */
function keyOf(observations: readonly eikthyrnir.Observation[]): string {
  const hash = createHash('sha256');
  for (const { observationId } of observations) hash.update(`${observationId}\n`);
  return hash.digest('hex');
}

async function* once<T>(value: T): AsyncIterable<T> {
  yield value;
}
