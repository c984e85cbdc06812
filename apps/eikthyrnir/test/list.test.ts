import { join } from 'node:path';
import { eikthyrnir } from '@edda/contracts';
import { auditTables } from '@edda/audit';
import { settingsTables } from '@edda/service-kit';
import { prismaSchemaDrift, type TestDatabase } from '@edda/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databases, observed, startProviders, startService } from './support/start-service.ts';

let db: TestDatabase;
let running: Awaited<ReturnType<typeof startService>>;
let providers: Awaited<ReturnType<typeof startProviders>>;
const start = Date.now() - 3_600_000;
const sent = Array.from({ length: 25 }, (_, i) =>
  observed({
    providerId: i % 5 === 0 ? 'p-other' : 'p-own',
    model: i % 2 ? 'm-1' : 'm-2',
    // Pairs share an instant, so that pages must order by id as well.
    occurredAt: new Date(start + Math.floor(i / 2) * 1_000),
    outcome: i % 3 === 0 ? 2 : 1,
    ttftMs: i % 2 ? i : undefined,
    checks: { truncated: i % 3 === 0, repetitionRatio: 0.5 },
    tokensPerSecondMilli: 5_000n,
  }),
);

beforeAll(async () => {
  [db, providers] = await Promise.all([databases.create(), startProviders()]);
  running = await startService(db.url, { peers: { njordr: providers.address } });
  await running.client('service', 'njordr').recordObservations({ idempotencyKey: 'list', observations: sent });
});
afterAll(async () => {
  await running.close();
  await providers.close();
  await databases.dropAll();
});

const list = (
  client: ReturnType<typeof running.client>,
  request: Parameters<typeof eikthyrnir.ListObservationsRequest.fromPartial>[0] = {},
) => client.listObservations(eikthyrnir.ListObservationsRequest.fromPartial(request));

describe('ListObservations', () => {
  it('returns what was recorded, field by field, newest first, page by page', async () => {
    const got: eikthyrnir.Observation[] = [];
    let pageToken = '';
    do {
      const page = await list(running.client('admin'), { pageSize: 7, pageToken });
      got.push(...page.observations);
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    const newestFirst = sent.toSorted(
      (a, b) => Number(b.occurredAt) - Number(a.occurredAt) || (a.observationId < b.observationId ? 1 : -1),
    );
    expect(got).toEqual(newestFirst);
    const ascending = await list(running.client('admin'), { orderBy: 'occurred_at asc', pageSize: 1_000 });
    expect(ascending.observations).toEqual(newestFirst.toReversed());
  });

  it('filters by provider, model, outcome and time', async () => {
    const span = { from: new Date(start + 2_000), to: new Date(start + 9_000) };
    const { observations } = await list(running.client('service'), {
      providerId: 'p-own',
      model: 'm-1',
      outcomes: [2],
      occurred: span,
    });
    const expected = sent.filter(
      (o) =>
        o.providerId === 'p-own' &&
        o.model === 'm-1' &&
        o.outcome === 2 &&
        Number(o.occurredAt) >= Number(span.from) &&
        Number(o.occurredAt) < Number(span.to),
    );
    expect(expected.length).toBeGreaterThan(0);
    expect(observations.map((o) => o.observationId).sort()).toEqual(expected.map((o) => o.observationId).sort());
  });

  it('shows an owner the own provider’s and nobody else’s', async () => {
    const owner = running.client('provider', 'owner-1');
    expect((await list(owner, { providerId: 'p-own' })).observations).toHaveLength(20);
    await expect(list(owner, { providerId: 'p-other' })).rejects.toMatchObject({ reason: 'NOT_FOUND' });
    await expect(list(owner)).rejects.toMatchObject({ violations: [{ field: 'provider_id' }] });
    const foreign = [running.client('provider', 'owner-2'), running.client('provider', 'owner-1', 'net-2')];
    for (const client of foreign) {
      await expect(list(client, { providerId: 'p-own' })).rejects.toMatchObject({ reason: 'NOT_FOUND' });
    }
    await expect(list(running.client('user'))).rejects.toMatchObject({ reason: 'ROLE_FORBIDDEN' });
  });

  it.each([
    ['page_size', { pageSize: 1_001 }],
    ['page_size', { pageSize: -1 }],
    ['page_token', { pageToken: 'abc' }],
    ['order_by', { orderBy: 'provider_id asc' }],
    ['outcomes.0', { outcomes: [0 as const] }],
    ['occurred', { occurred: { from: new Date(2), to: new Date(1) } }],
  ])('refuses a bad %s: %#', async (field, request) => {
    await expect(list(running.client('admin'), request)).rejects.toMatchObject({ violations: [{ field }] });
  });
});

describe('schema.prisma', () => {
  it('matches the migrated database', async () => {
    const schemaPath = join(import.meta.dirname, '../prisma/schema.prisma');
    expect(
      await prismaSchemaDrift({
        schemaPath,
        pool: db.pool,
        ignore: ['idempotency_keys', ...auditTables, ...settingsTables],
      }),
    ).toEqual([]);
  });
});
