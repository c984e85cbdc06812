import { appendEvents, createOutboxRelay, type OutboxEvent, outboxTableSql } from '@edda/pg-kit';
import { silentLogger } from '@edda/telemetry';
import { createTestDatabases } from '@edda/testing';
import { afterAll, expect, it } from 'vitest';
import { allEvents, batches, event } from './support/messages.ts';
import { databases, startNornen } from './support/start-nornen.ts';

const senders = createTestDatabases({ name: 'nornen_sender' });
afterAll(() => Promise.all([databases.dropAll(), senders.dropAll()]));

/** As a sender does it: the same place in the outbox has the same id every time. */
const wire = ({ id, subject, sequence, type, payload, occurredAt }: OutboxEvent) =>
  event({
    eventId: `00000000-0000-4000-8000-${String(id).padStart(12, '0')}`,
    ...{ subject, sequence, type, occurredAt, payloadJson: JSON.stringify(payload) },
  });

it('a relay that ends between delivery and mark, replays and reordering leave each event once, gapless', async () => {
  const { history } = await startNornen();
  const { pool } = await senders.create();
  await pool.query(outboxTableSql);
  const client = await pool.connect();
  const count = 60;
  for (let n = 0; n < count; n += 1) {
    const named = { subject: `transaction:t${n % 5}`, type: 'njordr.transaction.completed', payload: { n } };
    await appendEvents(client, [{ ...named, occurredAt: new Date('2026-11-21T06:00:00.000Z') }]);
  }
  client.release();
  const receiver = history();
  const accepted: bigint[] = [];
  const relayOf = (order: (batch: readonly OutboxEvent[]) => OutboxEvent[], after: () => void) =>
    createOutboxRelay({
      ...{ pool, logger: silentLogger(), batchSize: 20, hashPartitions: 2 },
      async deliver(batch) {
        accepted.push((await receiver.ingestEvents(batches(order(batch).map(wire)))).accepted);
        after();
      },
    });
  const waiting = async () => (await pool.query('SELECT FROM outbox_events WHERE NOT published')).rowCount;

  const doomed = relayOf(
    (batch) => [...batch],
    () => {
      throw new Error('ended before the mark');
    },
  );
  await expect(doomed.drainOnce()).rejects.toThrow('ended before the mark');
  expect(accepted[0]).toBeGreaterThan(0n);
  expect(await waiting()).toBe(count);

  const reversing = () =>
    relayOf(
      (batch) => batch.toReversed(),
      () => undefined,
    );
  await Promise.all([reversing().drainOnce(), reversing().drainOnce()]);
  await reversing().drainOnce();
  expect(await waiting()).toBe(0);
  await pool.query('UPDATE outbox_events SET published = false');
  await reversing().drainOnce();

  expect(accepted.reduce((sum, n) => sum + n, 0n)).toBe(BigInt(count));
  const { events } = await receiver.queryHistory({ ...allEvents, pageSize: 1_000 });
  const places = events.map(({ subject, sequence }) => `${subject} ${sequence}`);
  expect(new Set(places).size).toBe(places.length);
  expect(places).toHaveLength(count);
  const last = events.find(({ subject, sequence }) => subject === 'transaction:t0' && sequence === 12n);
  const again = await receiver.ingestEvents(batches([last!]));
  expect(again).toMatchObject({ accepted: 0n, positions: [{ sequence: 12n }] });
});
