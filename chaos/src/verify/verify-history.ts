import { type ServiceName } from '@edda/app-edda/separate';
import { type World } from '../world/open-world.ts';

interface Told {
  subject: string;
  sequence: string;
  type: string;
}

/** Observations go to Eikthyrnir; everything else to Nornen. */
const observed = 'njordr.observation.made';

/** Every event that Njörðr and Heidrun have committed is in Nornen's history: once, in order, without a gap. */
export async function verifyHistory(world: World): Promise<string[]> {
  const found = await Promise.all((['njordr', 'heidrun'] as const).map((service) => historyOf(world, service)));
  return found.flat();
}

async function historyOf({ databases }: World, service: ServiceName): Promise<string[]> {
  const sent = await databases[service].query<Told & { published: boolean }>(
    'SELECT subject, sequence::text, type, published FROM outbox_events WHERE type <> $1 ORDER BY subject, sequence',
    [observed],
  );
  const kept = await databases.nornen.query<Told>(
    'SELECT subject, sequence::text, type FROM history_events WHERE service = $1 ORDER BY subject, sequence',
    [service],
  );
  const text = ({ subject, sequence, type }: Told) => `${subject} ${sequence} ${type}`;
  const known = new Map<string, number>();
  for (const event of kept.rows) known.set(text(event), (known.get(text(event)) ?? 0) + 1);
  const violations: string[] = [];
  for (const event of sent.rows) {
    if (!event.published) violations.push(`${service}: ${text(event)} waits in the outbox`);
    const times = known.get(text(event)) ?? 0;
    if (times !== 1) violations.push(`${service}: ${text(event)} is ${times} times in the history`);
  }
  const gaps = await databases.nornen.query<{ subject: string }>(
    'SELECT subject FROM history_subjects WHERE service = $1 AND contiguous <> highest',
    [service],
  );
  return [...violations, ...gaps.rows.map(({ subject }) => `${service}: the history of ${subject} has a gap`)];
}
