import { eikthyrnir } from '@edda/contracts';
import { type ClientBase } from 'pg';
import { type Aggregate, observe } from '../quality/aggregate.ts';
import { baselineOf, type ChangeRules, classifyChange } from '../quality/classify-change.ts';
import { figuresAt, type Weighing } from '../quality/figures.ts';
import { type StoredQuality } from '../quality/quality-row.ts';
import { lockQualities, type QualityWrite, updateQualities } from '../quality/quality-store.ts';
import { insertObservations } from './observation-store.ts';

export interface RecordRules extends Weighing, ChangeRules {
  /** How often unimportant changes are published, ms: how long a baseline holds at least. */
  batchMs: number;
}

export interface Recorded {
  accepted: number;
  duplicates: number;
  /** Whether something is to be published at once. */
  important: boolean;
}

const { BAD_REQUEST, ONLINE, OFFLINE } = eikthyrnir.ObservationOutcome;

/**
 * Stores a batch and moves the figures it is about, within the caller's transaction: one statement per table to write,
 * rows locked in key order, so that concurrent batches lose nothing and never deadlock.
 */
export async function recordBatch(
  client: ClientBase,
  observations: readonly eikthyrnir.Observation[],
  now: Date,
  rules: RecordRules,
): Promise<Recorded> {
  const fresh = await insertObservations(client, observations, now);
  const telling = fresh.filter(({ outcome }) => outcome !== BAD_REQUEST);
  const writes = telling.length === 0 ? [] : await moveFigures(client, telling, now, rules);
  return {
    accepted: fresh.length,
    duplicates: observations.length - fresh.length,
    important: writes.some(({ change }) => change !== eikthyrnir.QualityChange.UNSPECIFIED),
  };
}

async function moveFigures(
  client: ClientBase,
  observations: readonly eikthyrnir.Observation[],
  now: Date,
  rules: RecordRules,
): Promise<QualityWrite[]> {
  const groups = Map.groupBy(observations, (o) => keyText(o.providerId, o.model));
  const keys = [...groups.values()].flatMap((group) => group.slice(0, 1));
  // Presence counts for every model of the provider, so all its rows are published anew.
  const present = observations.filter(({ outcome }) => outcome === ONLINE || outcome === OFFLINE);
  const before = await lockQualities(client, keys, [...new Set(present.map((o) => o.providerId))]);
  const after = new Map(
    before.map((row) => {
      const group = groups.get(keyText(row.providerId, row.model)) ?? [];
      return [keyText(row.providerId, row.model), group.reduce(observing(rules.halfLifeMs), row.aggregate)];
    }),
  );
  const presenceRows = new Map(before.filter(({ model }) => model === '').map((row) => [row.providerId, row]));
  const writes = before.map((row) => {
    const aggregate = after.get(keyText(row.providerId, row.model)) ?? row.aggregate;
    const presence = row.model === '' ? row.presence : (after.get(keyText(row.providerId, '')) ?? row.presence);
    const wentOffline = goneOffline(presenceRows.get(row.providerId)?.aggregate, presence);
    return writeOf(row, { ...row, aggregate, presence }, wentOffline, now, rules);
  });
  await updateQualities(client, writes, now);
  return writes;
}

const observing = (halfLifeMs: number) => (aggregate: Aggregate, observation: eikthyrnir.Observation) =>
  observe(aggregate, observation, halfLifeMs);

/** Presence that was not locked did not change either. */
function goneOffline(before: Aggregate | undefined, after: Aggregate): boolean {
  return before !== undefined && before.presence?.online !== false && after.presence?.online === false;
}

function writeOf(
  before: StoredQuality,
  after: StoredQuality,
  wentOffline: boolean,
  now: Date,
  rules: RecordRules,
): QualityWrite {
  const figures = figuresAt(after.aggregate, after.presence, now.getTime(), rules);
  const streakBefore = before.aggregate.streak.failures.length;
  const change = classifyChange({ figures, streakBefore, baseline: before.baseline, wentOffline }, rules);
  const batchDue = now.getTime() - (before.baselineAt ?? 0) >= rules.batchMs;
  if (change === eikthyrnir.QualityChange.UNSPECIFIED && !batchDue) return { quality: after, change };
  return { quality: { ...after, baseline: baselineOf(figures), baselineAt: now.getTime() }, change };
}

/** NUL occurs in no id. */
function keyText(providerId: string, model: string): string {
  return `${providerId}\0${model}`;
}
