import { type nornen } from '@edda/contracts';
import { type CallContext } from '@edda/grpc-kit';
import { commonFaults, invalidInput } from '@edda/faults';
import { inTransaction } from '@edda/pg-kit';
import { type Pool } from 'pg';
import { nornenFaults } from '../faults.ts';
import { type NornenMetrics } from '../nornen-metrics.ts';
import { checkEvents } from './check-events.ts';
import { type Position, storeEvents, type StoreResult } from './event-store.ts';

/** Bounds what one call keeps in memory and answers: with subjects of 200 characters (≤ 600 bytes) about 3 of 4 MiB. */
const maxSubjectsPerStream = 5_000;

export interface IngestDeps {
  pool: Pool;
  metrics: NornenMetrics;
  /** Called after each commit that stored something: those who follow the history look at once. */
  onStored: () => void;
}

/**
 * Stores the stream's events batch by batch, each batch in a transaction of its own. Repeated events are counted, not
 * stored again; gaps are tolerated and show in the positions.
 * @throws INVALID_INPUT; ROLE_FORBIDDEN for another service's events; EVENT_SEQUENCE_CONFLICT after the rest of that batch was stored
 */
export function ingestEvents({ pool, metrics, onStored }: IngestDeps) {
  return async (
    batches: AsyncIterable<nornen.IngestEventsRequest>,
    ctx: Pick<CallContext, 'logger' | 'identity'>,
  ): Promise<nornen.IngestEventsResponse> => {
    const positions = new Map<string, Position>();
    let accepted = 0;
    let duplicates = 0;
    for await (const batch of batches) {
      const events = checkEvents(batch);
      assertOwn(events, ctx);
      const result = await inTransaction(pool, (client) => storeEvents(client, events), { idempotent: true });
      count(metrics, result);
      if (result.accepted.length > 0) onStored();
      accepted += result.accepted.length;
      duplicates += result.duplicates;
      for (const position of result.positions) positions.set(`${position.service}\0${position.subject}`, position);
      reportGaps(result, ctx);
      refuseConflicts(result, ctx);
      if (positions.size > maxSubjectsPerStream) throw tooManySubjects();
    }
    return {
      accepted: BigInt(accepted),
      duplicates: BigInt(duplicates),
      positions: [...positions.values()].map(({ subject, contiguous }) => ({ subject, sequence: contiguous })),
    };
  };
}

/** A service speaks for itself alone: the history is evidence. */
function assertOwn(events: readonly { service: string }[], { identity }: Pick<CallContext, 'identity'>): void {
  const foreign = events.find(({ service }) => service !== identity.subject);
  if (foreign === undefined) return;
  throw commonFaults.ROLE_FORBIDDEN(`${identity.subject} may not tell events of ${foreign.service}.`);
}

function count(metrics: NornenMetrics, { accepted, duplicates, conflicts, positions }: StoreResult): void {
  for (const { service } of accepted) metrics.events.inc({ source: service });
  metrics.duplicates.inc(duplicates);
  metrics.conflicts.inc(conflicts.length);
  metrics.gaps.inc(positions.filter(hasGap).length);
}

const hasGap = ({ contiguous, highest }: Position): boolean => contiguous < highest;

function reportGaps({ positions }: StoreResult, { logger }: Pick<CallContext, 'logger'>): void {
  const [first, ...more] = positions.filter(hasGap);
  if (first === undefined) return;
  const { service, subject, contiguous, highest } = first;
  logger.warn({ source: service, subject, contiguous, highest, more: more.length }, 'events are missing in between');
}

function refuseConflicts({ conflicts }: StoreResult, { logger }: Pick<CallContext, 'logger'>): void {
  const [first] = conflicts;
  if (first === undefined) return;
  const { service, subject, sequence, eventId } = first;
  const named = { service, subject, sequence: String(sequence), event_id: eventId };
  logger.error({ ...named, conflicts: conflicts.length }, 'events contradict what is stored');
  throw nornenFaults.EVENT_SEQUENCE_CONFLICT(
    `Event ${sequence} of ${subject} contradicts what is stored (${conflicts.length} in this batch).`,
    { metadata: { ...named, conflicts: String(conflicts.length) } },
  );
}

function tooManySubjects(): Error {
  const description = `one stream takes at most ${maxSubjectsPerStream} subjects; what was sent so far is stored`;
  return invalidInput([{ field: 'events', description }]);
}
