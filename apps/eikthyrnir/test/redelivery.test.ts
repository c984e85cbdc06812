import { eikthyrnir } from '@edda/contracts';
import { appendEvents, createOutboxRelay, type OutboxEvent, outboxTableSql } from '@edda/pg-kit';
import { silentLogger } from '@edda/telemetry';
import { createTestDatabases } from '@edda/testing';
import { afterAll, expect, it } from 'vitest';
import { databases, observed, startService } from './support/start-service.ts';

const senders = createTestDatabases({ name: 'eikthyrnir_sender' });
afterAll(() => Promise.all([databases.dropAll(), senders.dropAll()]));

it('a relay that ends between delivery and mark, replays and reordering count each observation once', async () => {
  const db = await databases.create();
  const running = await startService(db.url);
  try {
    const { pool } = await senders.create();
    await pool.query(outboxTableSql);
    const client = await pool.connect();
    const count = 40;
    for (let n = 0; n < count; n += 1) {
      const payload = eikthyrnir.Observation.toJSON(observed({ providerId: 'p-relay' }));
      const named = { subject: `transaction:t${n % 5}`, type: 'njordr.observation.made', payload };
      await appendEvents(client, [{ ...named, occurredAt: new Date() }]);
    }
    client.release();
    const receiver = running.client('service', 'njordr');
    const accepted: bigint[] = [];
    let calls = 0;
    const relayOf = (order: (batch: readonly OutboxEvent[]) => OutboxEvent[], after: () => void) =>
      createOutboxRelay({
        ...{ pool, logger: silentLogger(), batchSize: 15, hashPartitions: 2 },
        async deliver(batch) {
          const observations = order(batch).map(({ payload }) => eikthyrnir.Observation.fromJSON(payload));
          // A key of its own each time: what tells repetitions apart is the observation alone.
          const answer = await receiver.recordObservations({ idempotencyKey: `relay-${calls++}`, observations });
          accepted.push(answer.accepted);
          after();
        },
      });
    const doomed = relayOf(
      (batch) => [...batch],
      () => {
        throw new Error('ended before the mark');
      },
    );
    await expect(doomed.drainOnce()).rejects.toThrow('ended before the mark');
    expect(accepted[0]).toBeGreaterThan(0n);
    const reversing = relayOf(
      (batch) => batch.toReversed(),
      () => undefined,
    );
    await reversing.drainOnce();
    expect(await reversing.pending()).toBe(0);
    await pool.query('UPDATE outbox_events SET published = false');
    await reversing.drainOnce();

    expect(accepted.reduce((sum, n) => sum + n, 0n)).toBe(BigInt(count));
    const { qualities } = await receiver.getQuality({ providerId: 'p-relay', model: 'm-1' });
    expect(qualities[0]?.version).toBeGreaterThan(0n);
    expect(qualities[0]?.effectiveCount).toBeCloseTo(count, 1);
  } finally {
    await running.close();
  }
});
