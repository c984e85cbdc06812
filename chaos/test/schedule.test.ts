import { describe, expect, it } from 'vitest';
import { playIncidents } from '../src/market/incidents.ts';
import { createRandom } from '../src/market/random.ts';
import { faults, type Incident, planIncidents } from '../src/market/schedule.ts';

const parts = ['postgres', 'redis', 'nornen', 'eikthyrnir', 'heidrun', 'njordr', 'quick'] as const;
const plan = (seed: number, seconds = 120) =>
  planIncidents(createRandom(seed).fork('incidents'), parts, seconds).incidents;
const draws = (seed: number, name: string) => {
  const random = createRandom(seed).fork(name);
  return Array.from({ length: 5 }, () => random.next());
};

describe('the incidents of a run', () => {
  it('follow from the seed alone', () => {
    expect(plan(7)).toEqual(plan(7));
    const different = new Set(Array.from({ length: 50 }, (_, seed) => JSON.stringify(plan(seed))));
    expect(different.size).toBe(50);
  });

  it('stay the same where somebody else draws more or less from the same seed', () => {
    const random = createRandom(7);
    random.fork('client 0').next();
    random.next();
    expect(planIncidents(random.fork('incidents'), parts, 120).incidents).toEqual(plan(7));
    expect(draws(7, 'client 0')).not.toEqual(draws(7, 'client 1'));
    expect(draws(7, 'client 0')).not.toEqual(draws(8, 'client 0'));
  });

  it('keep to their bounds, spare no part and no fault, and begin alike however long the run is', () => {
    const all = Array.from({ length: 100 }, (_, seed) => plan(seed)).flat();
    const killed = new Set<string>();
    const misbehaved = new Set<string>();
    for (const incident of all) {
      expect(incident.afterMs).toBeGreaterThanOrEqual(200);
      expect(incident.afterMs).toBeLessThanOrEqual(1_500);
      if (incident.what === 'misbehave') {
        misbehaved.add(incident.fault);
        continue;
      }
      expect(incident.downMs).toBeGreaterThanOrEqual(0);
      expect(incident.downMs).toBeLessThanOrEqual(1_200);
      expect([1, 2]).toContain(incident.parts.length);
      expect(new Set(incident.parts).size).toBe(incident.parts.length);
      for (const part of incident.parts) killed.add(part);
    }
    expect([...killed].toSorted()).toEqual([...parts].toSorted());
    expect([...misbehaved].toSorted()).toEqual([...faults].toSorted());
    expect(plan(7, 12)).toEqual(plan(7).slice(0, 12));
  });
});

describe('playing them', () => {
  const kill = (...names: string[]): Incident => ({ afterMs: 0, what: 'kill', parts: names, downMs: 0 });

  async function play(incidents: readonly Incident[], until: number) {
    const done: string[] = [];
    const world = {
      kill: async (part: string) => void done.push(`kill ${part}`),
      start: async (part: string) => void done.push(`start ${part}`),
    };
    const hostile = { behave: (fault: string) => void done.push(fault) };
    const kills = await playIncidents(world, hostile, incidents, { until, log: () => undefined });
    return { done, kills };
  }

  it('starts again what was killed, first what others need, and lets the hostile provider behave in the end', async () => {
    const { done, kills } = await play(
      [kill('quick', 'postgres'), { afterMs: 0, what: 'misbehave', fault: 'lies' }, kill('njordr', 'redis')],
      Infinity,
    );
    expect(done).toEqual([
      ...['kill quick', 'kill postgres', 'start postgres', 'start quick', 'lies'],
      ...['kill njordr', 'kill redis', 'start redis', 'start njordr', 'none'],
    ]);
    expect(Object.fromEntries(kills)).toEqual({ quick: 1, postgres: 1, njordr: 1, redis: 1 });
  });

  it('stops when the time is over, though not before six incidents, unless a slow machine takes far too long', async () => {
    const many = Array.from({ length: 20 }, () => kill('njordr'));
    const killed = async (until: number) => (await play(many, until)).kills.get('njordr') ?? 0;
    expect(await killed(performance.now() - 1)).toBe(6);
    expect(await killed(performance.now() - 30_000)).toBe(0);
    expect(await killed(Infinity)).toBe(20);
  });
});
