import { type Random } from './random.ts';

export const faults = ['none', 'stalls', 'disconnects', 'garbles', 'lies', 'refuses'] as const;

/** How a provider misbehaves. */
export type AgentFault = (typeof faults)[number];

/** What happens to the market, and when. */
export type Incident = { afterMs: number } & (
  { what: 'kill'; parts: readonly string[]; downMs: number } | { what: 'misbehave'; fault: AgentFault }
);

export interface Schedule {
  /** One after the other; each `afterMs` counts from the end of the one before. */
  readonly incidents: readonly Incident[];
}

/** The incidents of a run. The same seed, parts and length give the same ones. */
export function planIncidents(random: Random, parts: readonly [string, ...string[]], seconds: number): Schedule {
  const incidents: Incident[] = [];
  // Restarts take their time too: no run of this length gets through more.
  const most = Math.ceil(seconds);
  for (let index = 0; index < most; index += 1) {
    const afterMs = random.between(200, 1_500);
    if (random.next() < 0.35) {
      incidents.push({ afterMs, what: 'misbehave', fault: random.pick(faults) });
      continue;
    }
    const first = random.pick(parts);
    const second = random.pick(parts);
    const both = random.next() < 0.2 && first !== second;
    incidents.push({
      afterMs,
      what: 'kill',
      parts: both ? [first, second] : [first],
      downMs: random.between(0, 1_200),
    });
  }
  return { incidents };
}

export function describeIncident(incident: Incident): string {
  if (incident.what === 'misbehave')
    return `the hostile provider now ${incident.fault === 'none' ? 'behaves' : incident.fault}`;
  return `kill ${incident.parts.join(' and ')} for ${incident.downMs} ms`;
}
