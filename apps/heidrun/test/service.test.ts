import { join } from 'node:path';
import { common, heidrun } from '@edda/contracts';
import { auditTables } from '@edda/audit';
import { createOutboxRelay, idempotencyTables, type OutboxEvent, outboxTables } from '@edda/pg-kit';
import { settingsTables } from '@edda/service-kit';
import { misnamedMetrics, prismaSchemaDrift, waitFor } from '@edda/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toWireEvent } from '../src/events/to-wire-event.ts';
import {
  captureRequest,
  counted,
  holdRequest,
  setPrice,
  startHeidrun,
  type TestHeidrun,
} from './support/start-heidrun.ts';

let service: TestHeidrun;
beforeAll(async () => {
  service = await startHeidrun({
    settings: { holds: { sweepIntervalMs: 50 }, tokens: { calibration: { unknown: 1_000 } } },
  });
  await setPrice(service, 'p-1');
});
afterAll(() => service.close());

describe('schema.prisma', () => {
  it('matches the migrated database', async () => {
    const drift = await prismaSchemaDrift({
      schemaPath: join(import.meta.dirname, '../prisma/schema.prisma'),
      pool: service.database.pool,
      ignore: [...outboxTables, ...idempotencyTables, ...auditTables, ...settingsTables],
    });
    expect(drift).toEqual([]);
  });
});

describe('the running service', () => {
  it('sweeps expired holds by itself and shows them in its metrics', async () => {
    const user = await service.requester(100n);
    const { preauthId } = await service.preAuth.preAuthorize(holdRequest(user, ['p-1'], { ttlSeconds: 2 }));
    const metrics = async () => (await fetch(`http://127.0.0.1:${service.ports['operations']}/metrics`)).text();
    service.clock.advance(1_000);
    const shown = await metrics();
    expect(shown).toMatch(/edda_heidrun_open_holds\{[^}]*\} 1\n/);
    expect(shown).toMatch(/edda_heidrun_oldest_open_hold_seconds\{[^}]*\} 1\n/);
    service.clock.advance(1_000);
    await waitFor(async () => {
      const { preauth } = await service.preAuth.getPreAuth({ key: { $case: 'preauthId', value: preauthId } });
      return preauth?.status === heidrun.PreAuthStatus.EXPIRED;
    });
    expect(await metrics()).toMatch(/edda_heidrun_holds_total\{[^}]*outcome="expired"[^}]*\} 1\n/);
    expect(await metrics()).toMatch(/edda_heidrun_open_holds\{[^}]*\} 0\n/);
    expect(misnamedMetrics(await metrics(), 'heidrun')).toEqual([]);
  });

  it('writes an event in the same transaction as every change, in order per hold', async () => {
    const user = await service.requester(100n);
    const request = holdRequest(user, ['p-1']);
    const { preauthId } = await service.preAuth.preAuthorize(request);
    await service.preAuth.preAuthorize(request);
    await service.preAuth.capturePreAuth(captureRequest(preauthId, [{ providerId: 'p-1', ...counted(100n, 100n) }]));
    const seen: OutboxEvent[] = [];
    const relay = createOutboxRelay({
      pool: service.database.pool,
      deliver: async (batch) => void seen.push(...batch),
      logger: service.log.logger,
    });
    await relay.drainOnce();
    const events = seen.map(toWireEvent).filter(({ subject }) => subject === `preauth:${preauthId}`);
    expect(events.map(({ type, sequence }) => [type, sequence])).toEqual([
      ['heidrun.hold.created', 1n],
      ['heidrun.capture.posted', 2n],
    ]);
    expect(events[1]).toMatchObject({ service: 'heidrun', userId: user, networkId: 'net', providerId: 'p-1' });
    expect(events[1]?.eventId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(JSON.parse(events[1]?.payloadJson ?? '')).toMatchObject({ captured_cents: 1, company_fee_cents: 0 });
    expect(seen.map(({ type }) => type)).toContain('heidrun.price.changed');
  });

  it('bills a trusted claim within 10 % of an estimate, the lower one otherwise, and keeps both', async () => {
    const user = await service.requester(100_000n);
    await setPrice(service, 'p-claims', { model: 'unknown' });
    const text = 'the quick brown fox jumps over the lazy dog '.repeat(20);
    const capture = async (claimOf: (ours: bigint) => bigint) => {
      const { preauthId } = await service.preAuth.preAuthorize(holdRequest(user, ['p-claims'], { model: 'unknown' }));
      const ours = 181n;
      const request = captureRequest(preauthId, [
        {
          providerId: 'p-claims',
          output: { $case: 'outputText', value: text },
          claimedOutputTokens: claimOf(ours),
        },
      ]);
      const leg = (await service.preAuth.capturePreAuth(request)).legs[0];
      expect(leg?.countedOutputTokens).toBe(ours);
      return leg;
    };
    // A first claim 8 % above: no record yet, so it is billed.
    expect(await capture((ours) => (ours * 108n) / 100n)).toMatchObject({
      outputTokens: 195n,
      method: common.TokenMethod.REPORTED,
    });
    // Now the provider's mean is beyond 3 %: the lower of the two is billed.
    expect(await capture((ours) => (ours * 108n) / 100n)).toMatchObject({
      outputTokens: 181n,
      method: common.TokenMethod.ESTIMATED,
    });
    expect(await capture((ours) => ours - 20n)).toMatchObject({ outputTokens: 161n });
    const { rows } = await service.database.pool.query('SELECT claims FROM provider_books WHERE provider_id = $1', [
      'p-claims',
    ]);
    expect(rows).toEqual([{ claims: 3n }]);
  });

  it('never logs or stores a prompt', async () => {
    const user = await service.requester(1_000n);
    const secret = 'xylophone-quartz-prompt';
    const { preauthId } = await service.preAuth.preAuthorize(
      holdRequest(user, ['p-1'], { tokens: { $case: 'prompt', value: secret } }),
    );
    await service.preAuth.capturePreAuth(
      captureRequest(preauthId, [
        {
          providerId: 'p-1',
          input: { $case: 'inputText', value: secret },
          output: { $case: 'outputText', value: secret },
        },
      ]),
    );
    expect(service.log.text()).toContain(preauthId);
    expect(service.log.text()).not.toContain('xylophone');
    for (const table of ['holds', 'hold_resolutions', 'captures', 'capture_legs', 'outbox_events']) {
      const { rows } = await service.database.pool.query<{ found: boolean }>(
        `SELECT coalesce(bool_or(t::text LIKE '%xylophone%'), false) AS found FROM ${table} t`,
      );
      expect(rows).toEqual([{ found: false }]);
    }
  });
});
