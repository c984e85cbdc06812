import { randomUUID } from 'node:crypto';
import { heidrun } from '@edda/contracts';
import { silentLogger } from '@edda/telemetry';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { watchLedger } from '../src/ledger/watch-ledger.ts';
import { startHeidrun, type TestHeidrun } from './support/start-heidrun.ts';

let service: TestHeidrun;
beforeAll(async () => {
  service = await startHeidrun();
});
afterAll(() => service.close());

const HOUR_MS = 3_600_000;
const metric = async (name: string) => {
  const text = await (await fetch(`http://127.0.0.1:${service.ports['operations']}/metrics`)).text();
  return Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${name}{`))
      ?.split(' ')[1],
  );
};

/** One more replica's turn. */
const replica = () =>
  watchLedger({
    ...{ pool: service.database.pool, clock: service.clock, logger: silentLogger() },
    ...{ sweepGraceMs: () => 1_000, intervalMs: () => HOUR_MS },
  });

it('is verified once per interval, whichever replica comes first, and drift shows in every replica', async () => {
  const admin = service.client(heidrun.PaymentServiceService, { subject: 'root', roles: ['admin'] });
  await admin.adjustBalance({ idempotencyKey: randomUUID(), accountId: 'wallet:u', amountCents: 5n, reason: 'gift' });
  service.clock.advance(HOUR_MS);
  expect((await Promise.all([replica(), replica(), replica()])).filter((its) => its)).toHaveLength(1);
  expect(await metric('edda_heidrun_ledger_violations')).toBe(0);

  const client = await service.database.pool.connect();
  await client.query(
    `SET session_replication_role = replica; UPDATE accounts SET posted_cents = 6 WHERE kind = 'wallet'`,
  );
  client.release(true);
  service.clock.advance(HOUR_MS - 1);
  expect(await replica()).toBe(false);
  expect(await metric('edda_heidrun_ledger_check_age_seconds')).toBeCloseTo(3_599.999);
  service.clock.advance(1);
  expect(await replica()).toBe(true);
  expect(await metric('edda_heidrun_ledger_violations')).toBe(2);
  expect(await metric('edda_heidrun_ledger_check_age_seconds')).toBe(0);
});
