import { randomUUID } from 'node:crypto';
import { type common, nornen } from '@edda/contracts';
import { waitFor } from '@edda/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { batches, event, registration } from './support/messages.ts';
import { type Caller, databases, startNornen } from './support/start-nornen.ts';

afterAll(() => databases.dropAll());

type TestNornen = Awaited<ReturnType<typeof startNornen>>;
const admin: Caller = { roles: ['admin'], subject: 'admin' };
const history = { watchPollMs: 20, watchSignOfLifeMs: 200 };
const watch = (given: Parameters<typeof nornen.WatchEventsRequest.fromPartial>[0] = {}) =>
  nornen.WatchEventsRequest.fromPartial(given);
const stored = (subject: string, count: number, more: Partial<common.Event> = {}) =>
  Array.from({ length: count }, (_, n) => event({ eventId: randomUUID(), subject, sequence: BigInt(n + 1), ...more }));

/** Reads in the background until it is stopped; remembers events and the newest cursor. */
function follow(service: TestNornen, request: nornen.WatchEventsRequest, caller: Caller = admin) {
  const stopping = new AbortController();
  const seen = { events: [] as common.Event[], cursor: request.cursor, responses: 0, error: undefined as unknown };
  const read = async () => {
    const stream = service.history(caller).watchEvents(request, { deadlineMs: Infinity, signal: stopping.signal });
    for await (const { events, cursor } of stream) {
      seen.events.push(...events);
      seen.cursor = cursor;
      seen.responses++;
    }
  };
  const ended = read().catch((error: unknown) => void (seen.error = error));
  return { seen, ended, stop: () => (stopping.abort(), ended) };
}

describe('Events: WatchEvents', () => {
  it('begins now, or at a time, or at a cursor, and goes on live without gaps or repetitions', async () => {
    const service = await startNornen({ settings: { history } });
    const old = stored('transaction:old', 3, { occurredAt: new Date('2026-11-20T06:00:00Z') });
    await service.history().ingestEvents(batches(old));
    const now = follow(service, watch());
    const since = follow(service, watch({ from: new Date('2026-11-20T00:00:00Z') }));
    await waitFor(() => now.seen.responses > 0 && since.seen.events.length === 3);
    const fresh = stored('transaction:new', 5);
    await service.history().ingestEvents(batches(fresh.slice(0, 2), fresh.slice(2)));
    await waitFor(() => now.seen.events.length === 5 && since.seen.events.length === 8);
    expect(now.seen.events).toEqual(fresh);
    expect(since.seen.events).toEqual([...old, ...fresh]);
    await now.stop();
    const more = stored('transaction:more', 2);
    await service.history().ingestEvents(batches(more));
    const resumed = follow(service, watch({ cursor: now.seen.cursor }));
    await waitFor(() => resumed.seen.events.length === 2);
    expect(resumed.seen.events).toEqual(more);
  });

  it('shows each event exactly once by cursor, through restarts of Nornen and batches that commit late', async () => {
    const db = await databases.create();
    let service = await startNornen({ db, settings: { history } });
    const subjects = Array.from({ length: 12 }, (_, n) => `transaction:s${n}`);
    const events = subjects.flatMap((subject) => stored(subject, 40));
    const seen: common.Event[] = [];
    let cursor = '';
    let reader = follow(service, watch({ from: new Date('2026-01-01T00:00:00Z') }));
    const resume = async () => {
      await reader.stop();
      seen.push(...reader.seen.events);
      cursor = reader.seen.cursor;
    };
    await waitFor(() => reader.seen.responses > 0);
    for (let round = 0; round < 4; round++) {
      const part = events.filter(({ sequence }) => Number((sequence - 1n) / 10n) === round);
      // Every writer has subjects of its own, in small batches: their transactions commit in any order.
      await Promise.all(
        subjects.map((subject) => {
          const own = part.filter((entry) => entry.subject === subject);
          return service.history().ingestEvents(batches(own.slice(0, 3), own.slice(3, 7), own.slice(7)));
        }),
      );
      await waitFor(() => reader.seen.events.length > 0);
      await service.service.close();
      await resume();
      service = await startNornen({ db, settings: { history } });
      reader = follow(service, watch({ cursor }));
      await waitFor(() => reader.seen.responses > 0);
    }
    await waitFor(() => seen.length + reader.seen.events.length >= events.length);
    await resume();
    expect(seen).toHaveLength(events.length);
    expect(new Set(seen.map(({ eventId }) => eventId)).size).toBe(events.length);
    for (const subject of subjects) {
      const order = seen.filter((entry) => entry.subject === subject).map(({ sequence }) => sequence);
      expect(order).toEqual(order.toSorted((a, b) => Number(a - b)));
    }
  });

  it('a batch held open elsewhere is not overtaken: its events come before those of later positions', async () => {
    const service = await startNornen({ settings: { history } });
    const reader = follow(service, watch());
    await waitFor(() => reader.seen.responses > 0);
    const client = await service.db.pool.connect();
    const [late] = stored('transaction:late', 1);
    await client.query('BEGIN');
    await client.query('UPDATE history_head SET position = position + 1');
    const after = service.history().ingestEvents(batches(stored('transaction:after', 1)));
    await client.query(
      `INSERT INTO history_events (event_id, service, subject, sequence, type, occurred_at, request_id, network_id,
         user_id, provider_id, payload, content_hash, position)
       SELECT $1, 'njordr', $2, 1, 'njordr.test.late', now(), '', '', '', '', '{}', repeat('0', 64), position
       FROM history_head`,
      [late!.eventId, late!.subject],
    );
    expect(reader.seen.events).toEqual([]);
    await client.query('COMMIT');
    client.release();
    await after;
    await waitFor(() => reader.seen.events.length === 2);
    expect(reader.seen.events.map(({ subject }) => subject)).toEqual(['transaction:late', 'transaction:after']);
  });

  it('shows users what names them, owners what names their providers, and nobody else’s', async () => {
    const service = await startNornen({ settings: { history } });
    await service.decisions().decideProviderRegistration(registration());
    const own = stored('transaction:own', 1);
    const foreign = stored('transaction:foreign', 1, { userId: 'user-2', providerId: 'provider-2' });
    const otherTenant = stored('transaction:tenant', 1, { networkId: 'net-2', providerId: 'provider-2' });
    const served = stored('transaction:served', 1, { userId: 'user-3', networkId: 'net-3' });
    await service.history().ingestEvents(batches([...own, ...foreign, ...otherTenant, ...served]));
    const from = watch({ from: new Date('2026-01-01T00:00:00Z'), filter: { services: ['njordr'] } });
    const user = follow(service, from, { roles: ['user'] });
    const owner = follow(service, from, { roles: ['provider'], subject: 'owner-1' });
    const all = follow(service, from);
    await waitFor(() => all.seen.events.length === 4 && user.seen.responses > 1 && owner.seen.responses > 1);
    expect(user.seen.events).toEqual(own);
    expect(owner.seen.events).toEqual([...own, ...served]);
  });

  it('filters by type, subject, service and request, and its cursor passes what does not match', async () => {
    const service = await startNornen({ settings: { history } });
    await service
      .history()
      .ingestEvents(
        batches([
          ...stored('transaction:a', 2, { requestId: 'r-a' }),
          ...stored('provider:b', 3, { type: 'njordr.provider.listed', requestId: '' }),
        ]),
      );
    const from = new Date('2026-01-01T00:00:00Z');
    const filtered = [
      follow(service, watch({ from, filter: { types: ['njordr.provider.'] } })),
      follow(service, watch({ from, filter: { subjects: ['transaction:a'] } })),
      follow(service, watch({ from, filter: { requestId: 'r-a', services: ['njordr'] } })),
      follow(service, watch({ from, filter: { services: ['heidrun'] } })),
    ];
    // The sign of life comes after everything there is.
    await waitFor(() => filtered.every(({ seen }) => seen.cursor.endsWith('.5') && seen.responses > 1));
    expect(filtered.map(({ seen }) => seen.events.length)).toEqual([3, 2, 2, 0]);
  });

  it('refuses cursors that are malformed or of another history, and more watchers than allowed', async () => {
    const service = await startNornen({ settings: { history: { ...history, maxWatchers: 1 } } });
    const reasonOf = async (cursor: string) => {
      const reader = follow(service, watch({ cursor }));
      await reader.ended;
      return (reader.seen.error as { reason?: string }).reason;
    };
    expect(await reasonOf('7')).toBe('CURSOR_INVALID');
    expect(await reasonOf(`${randomUUID()}.0`)).toBe('CURSOR_EXPIRED');
    const first = follow(service, watch());
    await waitFor(() => first.seen.responses > 0);
    expect(await reasonOf(`${first.seen.cursor.split('.')[0]}.99`)).toBe('RATE_LIMITED');
    await first.stop();
    await waitFor(async () => (await reasonOf(`${first.seen.cursor.split('.')[0]}.99`)) === 'CURSOR_EXPIRED');
  });

  it('a service may tell its own events only', async () => {
    const { history: client } = await startNornen();
    const forged = client({ roles: ['service'], subject: 'heidrun' }).ingestEvents(batches(stored('wallet:x', 1)));
    await expect(forged).rejects.toMatchObject({ reason: 'ROLE_FORBIDDEN' });
  });
});
