import { audited } from '@edda/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Hold } from '../src/preauth/hold.ts';
import { type PreAuthBatches } from '../src/preauth/pre-auth-batches.ts';
import { cancelItem, captureItem, holdItem, replicaOf } from './support/batch-items.ts';
import { setPrice, startHeidrun, type TestHeidrun } from './support/start-heidrun.ts';

let service: TestHeidrun;
let batches: PreAuthBatches;
beforeAll(async () => {
  service = await startHeidrun();
  batches = replicaOf(service);
  await setPrice(service, 'p-1');
});
afterAll(async () => {
  await batches.close();
  await service.close();
});

describe('What a batch leaves behind', () => {
  it('is one audit record and one event for each change, in the same transaction, and none for a refused call', async () => {
    const { pool } = service.database;
    const user = await service.requester(12n);
    const results = await Promise.allSettled(Array.from({ length: 3 }, () => batches.hold(holdItem(user, ['p-1']))));
    const [a, b] = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value.hold] : [])) as [
      Hold,
      Hold,
    ];
    await Promise.all([batches.capture(captureItem(a, [1_000n, 0n])), batches.cancel(cancelItem(b))]);
    const subjects = [`preauth:${a.id}`, `preauth:${b.id}`];
    const ours = (await audited(pool)).filter(
      ({ details, subject }) => details.includes(user) || subjects.includes(subject),
    );
    expect(ours.map(({ action, actor }) => `${actor} ${action}`)).toEqual([
      'njordr preauth.hold',
      'njordr preauth.hold',
      'njordr preauth.capture',
      'njordr preauth.cancel',
    ]);
    const events = await pool.query<{ type: string; sequence: bigint }>(
      'SELECT type, sequence FROM outbox_events WHERE subject = ANY ($1) ORDER BY id',
      [subjects],
    );
    expect(events.rows.map(({ type, sequence }) => `${type} ${sequence}`)).toEqual([
      'heidrun.hold.created 1',
      'heidrun.hold.created 1',
      'heidrun.capture.posted 2',
      'heidrun.hold.cancelled 2',
    ]);
  });
});
