import { setTimeout as sleep } from 'node:timers/promises';
import { type World } from '../world/open-world.ts';
import { type HostileAgent } from './hostile-agent.ts';
import { describeIncident, type Incident } from './schedule.ts';

/** A busy machine restarts parts slowly: so many incidents happen although the time is over … */
const leastIncidents = 6;
/** … unless it has been over for this long, ms. */
const patienceMs = 20_000;

/** In which order parts come back: what others need first. */
const order = ['postgres', 'redis', 'nornen', 'eikthyrnir', 'heidrun', 'njordr'];

/** Plays incidents until the time is over; whatever was killed runs again in the end. @returns kills of each part */
export async function playIncidents(
  world: Pick<World, 'kill' | 'start'>,
  hostile: Pick<HostileAgent, 'behave'>,
  incidents: readonly Incident[],
  options: { until: number; log: (line: string) => void },
): Promise<Map<string, number>> {
  const kills = new Map<string, number>();
  const startedAt = performance.now();
  for (const [index, incident] of incidents.entries()) {
    const overMs = performance.now() + incident.afterMs - options.until;
    if (overMs > (index < leastIncidents ? patienceMs : 0)) break;
    await sleep(incident.afterMs);
    options.log(`${((performance.now() - startedAt) / 1_000).toFixed(1).padStart(6)} s  ${describeIncident(incident)}`);
    if (incident.what === 'misbehave') {
      hostile.behave(incident.fault);
      continue;
    }
    for (const part of incident.parts) {
      await world.kill(part);
      kills.set(part, (kills.get(part) ?? 0) + 1);
    }
    await sleep(incident.downMs);
    for (const part of incident.parts.toSorted((a, b) => rank(a) - rank(b))) await world.start(part);
  }
  hostile.behave('none');
  return kills;
}

/** Agents, which are in no list, come last. */
function rank(part: string): number {
  const at = order.indexOf(part);
  return at < 0 ? order.length : at;
}
