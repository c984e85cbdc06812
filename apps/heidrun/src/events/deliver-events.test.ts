import { Fault } from '@edda/faults';
import { createMemoryLogger } from '@edda/telemetry';
import { expect, it } from 'vitest';
import { createDeliverEvents } from './deliver-events.ts';

const batch = [
  {
    ...{ id: 1n, subject: 'hold:h', sequence: 1n, type: 'heidrun.hold.created', payload: {}, requestId: 'r' },
    occurredAt: new Date('2026-11-21T06:00:00Z'),
  },
];
const idle = new AbortController().signal;

function delivering(fault: Fault) {
  const log = createMemoryLogger();
  const ingestEvents = () => Promise.reject(fault);
  return { log, deliver: createDeliverEvents({ history: { ingestEvents }, logger: log.logger }) };
}

it('an event the history refuses for good is logged and left behind, so that other subjects go on', async () => {
  const metadata = { subject: 'hold:h', sequence: '1' };
  const refused = new Fault('already-exists', 'EVENT_SEQUENCE_CONFLICT', 'Another one is there.', { metadata });
  const { log, deliver } = delivering(refused);
  await expect(deliver(batch, idle)).resolves.toBeUndefined();
  expect(log.records).toEqual([expect.objectContaining({ level: 'error', subject: 'hold:h', sequence: '1' })]);
});

it('any other failure keeps the batch for the next try', async () => {
  const { deliver } = delivering(new Fault('unavailable', 'DRAINING', 'Later.'));
  await expect(deliver(batch, idle)).rejects.toMatchObject({ reason: 'DRAINING' });
});
