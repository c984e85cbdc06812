import { misnamedMetrics } from '@edda/testing';
import { randomUUID } from 'node:crypto';
import { nornen } from '@edda/contracts';
import { afterAll, describe, expect, it } from 'vitest';
import { allEvents, batches, event, registration } from './support/messages.ts';
import { type Caller, databases, startNornen } from './support/start-nornen.ts';

afterAll(() => databases.dropAll());

const heidrun: Caller = { roles: ['service'], subject: 'heidrun', networkId: 'edda' };
const query = (filter: Partial<nornen.EventFilter>, more: Partial<nornen.QueryHistoryRequest> = {}) => ({
  ...allEvents,
  filter: nornen.EventFilter.fromPartial(filter),
  ...more,
});

describe('Events: IngestEvents deduplicates and orders by sequence', () => {
  it('stores each event once, in the same batch, the same stream and another call', async () => {
    const { history, metrics } = await startNornen();
    const [a, b] = [event(), event({ sequence: 2n })];
    const first = await history().ingestEvents(batches([a, b, a], [b]));
    expect(first).toEqual({ accepted: 2n, duplicates: 2n, positions: [{ subject: 'transaction:t1', sequence: 2n }] });
    const again = await history().ingestEvents(batches([a, b]));
    expect(again).toEqual({ accepted: 0n, duplicates: 2n, positions: [{ subject: 'transaction:t1', sequence: 2n }] });
    const { events } = await history().queryHistory({ ...allEvents, orderBy: 'occurred_at asc' });
    expect(events).toEqual([a, b]);
    expect(await metrics()).toMatch(/edda_nornen_events_ingested_total\{[^}]*source="njordr"[^}]*\} 2\n/);
    expect(misnamedMetrics(await metrics(), 'nornen')).toEqual([]);
  });

  it('many writers of the same events store each once', async () => {
    const { history, db } = await startNornen();
    const events = Array.from({ length: 200 }, (_, n) =>
      event({ subject: `transaction:t${n % 20}`, sequence: BigInt(Math.floor(n / 20) + 1) }),
    );
    const client = history();
    const writers = Array.from({ length: 12 }, (_, n) =>
      client.ingestEvents(batches(n % 2 === 0 ? events : events.toReversed())),
    );
    const answers = await Promise.all(writers);
    expect(answers.reduce((sum, { accepted }) => sum + accepted, 0n)).toBe(200n);
    expect(answers.reduce((sum, { duplicates }) => sum + duplicates, 0n)).toBe(11n * 200n);
    const { rows } = await db.pool.query('SELECT count(*) AS n, min(contiguous) AS low FROM history_subjects');
    expect(rows).toEqual([{ n: 20n, low: 10n }]);
  });

  it('tolerates gaps, reports how far it is complete, and closes them later', async () => {
    const { history, log } = await startNornen();
    const numbered = (sequence: bigint) => event({ sequence });
    const gap = await history().ingestEvents(batches([numbered(1n), numbered(2n), numbered(5n)]));
    expect(gap).toMatchObject({ accepted: 3n, positions: [{ sequence: 2n }] });
    expect(log.records).toContainEqual(
      expect.objectContaining({ msg: 'events are missing in between', subject: 'transaction:t1' }),
    );
    const late = await history().ingestEvents(batches([numbered(4n)], [numbered(3n)]));
    expect(late).toMatchObject({ accepted: 2n, positions: [{ sequence: 5n }] });
  });

  it('the same place with the same content under another id is a duplicate', async () => {
    const { history } = await startNornen();
    const reordered = '{"b":1,"a":2}';
    await history().ingestEvents(batches([event({ payloadJson: '{"a":2,"b":1}' })]));
    const again = await history().ingestEvents(batches([event({ payloadJson: reordered })]));
    expect(again).toMatchObject({ accepted: 0n, duplicates: 1n });
  });

  it.each([
    ['the same place with other content', { eventId: randomUUID() }],
    ['the same id with other content', { sequence: 9n }],
  ])('%s is EVENT_SEQUENCE_CONFLICT; the rest of the batch is stored', async (_, change) => {
    const { history, metrics } = await startNornen();
    const known = event();
    await history().ingestEvents(batches([known]));
    const other = { ...known, payloadJson: '{"total_cost_cents":5}', ...change };
    const good = event({ subject: 'transaction:t2' });
    const refused = history().ingestEvents(batches([other, good]));
    await expect(refused).rejects.toMatchObject({
      kind: 'already-exists',
      reason: 'EVENT_SEQUENCE_CONFLICT',
      metadata: { subject: 'transaction:t1', event_id: other.eventId, conflicts: '1' },
    });
    const { events } = await history().queryHistory(allEvents);
    expect(new Set(events.map(({ eventId }) => eventId))).toEqual(new Set([known.eventId, good.eventId]));
    expect(events.find(({ eventId }) => eventId === known.eventId)?.payloadJson).toBe(known.payloadJson);
    expect(await metrics()).toMatch(/edda_nornen_events_conflict_total\{[^}]*\} 1\n/);
  });

  it('two services may tell of the same subject', async () => {
    const { history } = await startNornen();
    const ofHeidrun = event({ service: 'heidrun', type: 'heidrun.hold.created' });
    expect((await history().ingestEvents(batches([event()]))).accepted).toBe(1n);
    expect((await history(heidrun).ingestEvents(batches([ofHeidrun]))).accepted).toBe(1n);
  });

  it('keeps the payload to the digit', async () => {
    const { history } = await startNornen();
    const payloadJson = '{"z": 9007199254740993, "a": "\\u0000"}';
    await history().ingestEvents(batches([event({ payloadJson })]));
    expect((await history().queryHistory(allEvents)).events[0]?.payloadJson).toBe(payloadJson);
  });

  it.each([
    ['an empty batch', [], 'events'],
    ['too many events', Array.from({ length: 1_001 }, () => event()), 'events'],
    ['no UUID', [event({ eventId: 'one' })], 'events.0.event_id'],
    ['sequence 0', [event({ sequence: 0n })], 'events.0.sequence'],
    ['no time', [event({ occurredAt: undefined })], 'events.0.occurred_at'],
    ['a payload that is no object', [event({ payloadJson: '[]' })], 'events.0.payload_json'],
    ['a payload that is no JSON', [event({ payloadJson: '{' })], 'events.0.payload_json'],
    [
      'too large a payload',
      [event({ payloadJson: JSON.stringify({ a: 'x'.repeat(65_536) }) })],
      'events.0.payload_json',
    ],
    ['an unknown service', [event({ service: 'loki' })], 'events.0.service'],
    ['NUL', [event({ subject: 'a\0' })], 'events.0.subject'],
  ])('refuses %s and stores nothing of the batch', async (_, events, field) => {
    const { history, db } = await startNornen();
    const refused = history().ingestEvents(batches(events));
    await expect(refused).rejects.toMatchObject({ reason: 'INVALID_INPUT', violations: [{ field }] });
    expect((await db.pool.query('SELECT FROM history_events')).rowCount).toBe(0);
  });

  it('bounds the subjects of one stream; what was sent until then is stored', async () => {
    const { history, db } = await startNornen();
    const batch = (b: number) => Array.from({ length: 1_000 }, (_, n) => event({ subject: `transaction:${b}-${n}` }));
    const refused = history().ingestEvents(batches(...Array.from({ length: 6 }, (_, b) => batch(b))));
    await expect(refused).rejects.toMatchObject({ reason: 'INVALID_INPUT', violations: [{ field: 'events' }] });
    expect((await db.pool.query('SELECT FROM history_events')).rowCount).toBe(6_000);
  });

  it('only services tell', async () => {
    const { history } = await startNornen();
    const refused = history({ roles: ['admin', 'user'] }).ingestEvents(batches([event()]));
    await expect(refused).rejects.toMatchObject({ reason: 'ROLE_FORBIDDEN' });
  });
});

describe('QueryHistory', () => {
  it('pages by time, and by sequence within one millisecond', async () => {
    const { history } = await startNornen();
    const events = Array.from({ length: 25 }, (_, n) => event({ sequence: BigInt(n + 1) }));
    await history().ingestEvents(batches(events));
    const read = async (orderBy: string) => {
      const found: bigint[] = [];
      let pageToken = '';
      do {
        const page = await history().queryHistory({ ...allEvents, pageSize: 10, pageToken, orderBy });
        found.push(...page.events.map(({ sequence }) => sequence));
        pageToken = page.nextPageToken;
      } while (pageToken !== '');
      return found;
    };
    expect(await read('occurred_at asc')).toEqual(events.map(({ sequence }) => sequence));
    expect(await read('')).toEqual(events.map(({ sequence }) => sequence).toReversed());
  });

  it('filters by exact type and by prefix, whose underscore is no wildcard', async () => {
    const { history } = await startNornen();
    const types = [
      'heidrun.pre_auth.captured',
      'heidrun.prexauth.captured',
      'heidrun.pre_authority.made',
      'njordr.a.b',
    ];
    await history().ingestEvents(batches(types.map((type, n) => event({ type, sequence: BigInt(n + 1) }))));
    const found = async (...wanted: string[]) =>
      (await history().queryHistory(query({ types: wanted }))).events.map(({ type }) => type).toSorted();
    expect(await found('heidrun.pre_auth.')).toEqual(['heidrun.pre_auth.captured']);
    expect(await found('heidrun.')).toHaveLength(3);
    expect(await found('njordr.a.b', 'heidrun.pre_auth.')).toEqual(['heidrun.pre_auth.captured', 'njordr.a.b']);
    expect(await found('njordr.a')).toEqual([]);
  });

  it('filters by subject, service, request, provider, user and time', async () => {
    const { history } = await startNornen();
    const [a, b] = [
      event(),
      event({ subject: 'provider:p', service: 'heidrun', requestId: 'r2', providerId: 'p', userId: 'u' }),
    ];
    const later = { ...b, occurredAt: new Date('2026-11-21T07:00:00Z') };
    await history().ingestEvents(batches([a]));
    await history(heidrun).ingestEvents(batches([later]));
    const found = async (request: nornen.QueryHistoryRequest) =>
      (await history().queryHistory(request)).events.map(({ eventId }) => eventId);
    for (const filter of [
      { subjects: ['provider:p'] },
      { services: ['heidrun'] },
      { requestId: 'r2' },
      { providerId: 'p' },
      { userId: 'u' },
    ]) {
      expect(await found(query(filter))).toEqual([b.eventId]);
    }
    const span = { from: new Date('2026-11-21T06:00:00Z'), to: new Date('2026-11-21T07:00:00Z') };
    expect(await found(query({}, { occurred: span }))).toEqual([a.eventId]);
  });

  it('Identity and tenancy: users see their own, owners their providers’ too, strangers nothing', async () => {
    const { history, decisions } = await startNornen();
    await decisions().decideProviderRegistration(registration());
    const denied = registration({ ownerId: 'user-3', payoutVerified: false });
    await decisions().decideProviderRegistration(denied);
    const events = [
      event(),
      event({ subject: 's2', userId: 'user-2', providerId: 'provider-1' }),
      event({ subject: 's3', networkId: 'net-2' }),
      event({ subject: 's4', userId: 'user-2', networkId: 'net-2', providerId: 'provider-2' }),
    ];
    await history().ingestEvents(batches(events));
    const seen = async (caller: Parameters<typeof history>[0], request = query({ services: ['njordr'] })) =>
      (await history(caller).queryHistory(request)).events.map(({ subject }) => subject).toSorted();
    expect(await seen({ roles: ['user'] })).toEqual(['transaction:t1']);
    expect(await seen({ roles: ['user'] }, query({ userId: 'user-2' }))).toEqual([]);
    expect(await seen({ roles: ['user'], subject: 'owner-1' })).toEqual([]);
    expect(await seen({ roles: ['provider'], subject: 'owner-1' })).toEqual(['s2', 's3', 'transaction:t1']);
    expect(await seen({ roles: ['provider'], subject: 'owner-1', networkId: 'net-2' })).toEqual([]);
    expect(await seen({ roles: ['provider'], subject: 'user-3' })).toEqual([]);
    expect(await seen({ roles: ['admin'] })).toHaveLength(4);
    const actAs = { subject: 'user-1', networkId: 'net-2' };
    const acting = await history().queryHistory(query({ services: ['njordr'] }), { actAs });
    expect(acting.events.map(({ subject }) => subject)).toEqual(['s3']);
  });

  it.each([
    ['a time', ['yesterday', '1', randomUUID()]],
    ['a sequence', [new Date(0).toISOString(), '1.5', randomUUID()]],
    ['an id', [new Date(0).toISOString(), '1', 'x']],
  ])('refuses a page token forged in %s', async (_, position) => {
    const { history } = await startNornen();
    await history().ingestEvents(batches([event(), event({ sequence: 2n })]));
    const { nextPageToken } = await history().queryHistory({ ...allEvents, pageSize: 1 });
    const [scope] = JSON.parse(Buffer.from(nextPageToken, 'base64url').toString()) as string[];
    const pageToken = Buffer.from(JSON.stringify([scope, ...position])).toString('base64url');
    await expect(history().queryHistory({ ...allEvents, pageToken })).rejects.toMatchObject({
      violations: [{ field: 'page_token' }],
    });
  });

  it.each([
    [query({ types: ['Heidrun*'] }), 'filter.types.0'],
    [query({ subjects: Array.from({ length: 101 }, () => 'a') }), 'filter.subjects'],
    [query({}, { orderBy: 'sequence' }), 'order_by'],
    [query({}, { pageToken: 'e30' }), 'page_token'],
  ])('refuses bad input %#', async (request, field) => {
    const { history } = await startNornen();
    await expect(history().queryHistory(request)).rejects.toMatchObject({ violations: [{ field }] });
  });
});
