import { randomUUID } from 'node:crypto';
import { nornen } from '@edda/contracts';
import { waitFor } from '@edda/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { type Caller, databases, startNornen } from './support/start-nornen.ts';
import { peerDatabases, startPeer } from './support/start-peer.ts';

afterAll(() => Promise.all([databases.dropAll(), peerDatabases.dropAll()]));

const nobody = '127.0.0.1:0';
const ada: Caller = { roles: ['admin'], subject: 'ada', networkId: 'net-1' };

/** Nornen with Heidrun beside it; the other two are down. */
async function startTwo() {
  const heidrun = await startPeer('heidrun');
  const peers = { njordr: nobody, heidrun: heidrun.address, eikthyrnir: nobody };
  const service = await startNornen({ settings: { peers } });
  return { heidrun, service, admin: service.client(nornen.AdminServiceService, ada) };
}

const change = (path: string, value: unknown) => ({
  path,
  valueJson: value === undefined ? undefined : JSON.stringify(value),
});

const push = (request: Parameters<typeof nornen.PushSettingsRequest.fromPartial>[0]) =>
  nornen.PushSettingsRequest.fromPartial({ idempotencyKey: randomUUID(), reason: 'a test', ...request });

const both = (more: Parameters<typeof push>[0] = {}) =>
  push({
    pushes: [
      { service: 'heidrun', changes: [change('rate', 1_300)] },
      { service: 'nornen', changes: [change('policies.signOfLifeMs', 20_000)] },
    ],
    ...more,
  });

const versionsOf = async ({ db }: Awaited<ReturnType<typeof startNornen>>) =>
  (
    await db.pool.query<Record<string, unknown>>(
      'SELECT version, overrides, actor, on_behalf_of AS "onBehalfOf" FROM settings_versions ORDER BY version',
    )
  ).rows;

const auditOf = async ({ db }: Pick<Awaited<ReturnType<typeof startNornen>>, 'db'>, action: string) =>
  (
    await db.pool.query<Record<string, unknown>>(
      'SELECT actor, on_behalf_of AS "onBehalfOf", subject FROM audit_records WHERE action = $1 ORDER BY subject',
      [action],
    )
  ).rows;

describe('CollectSettings', () => {
  it('gathers what answers; what is down is there with its reason', async () => {
    const { admin } = await startTwo();
    const { services } = await admin.collectSettings({ services: [] });
    const [njordr, heidrun, eikthyrnir, own] = services;
    expect(services.map(({ service }) => service)).toEqual(['njordr', 'heidrun', 'eikthyrnir', 'nornen']);
    expect(heidrun).toMatchObject({ errorReason: '', snapshot: { service: 'heidrun', version: 0n } });
    expect(JSON.parse(heidrun?.jsonSchema ?? '')).toHaveProperty('properties.rate');
    expect(own?.snapshot?.settings.map(({ path }) => path)).toContain('peers.heidrun');
    for (const down of [njordr, eikthyrnir]) {
      expect(down).toMatchObject({ snapshot: undefined, jsonSchema: '', errorReason: 'DEPENDENCY_UNAVAILABLE' });
      expect(down?.errorMessage).not.toBe('');
    }
  });

  it('answers within the caller’s deadline even when a service hangs', async () => {
    const { admin } = await startTwo();
    const { services } = await admin.collectSettings({ services: [] }, { deadlineMs: 2_000 });
    expect(services.filter(({ errorReason }) => errorReason === '')).toHaveLength(2);
  });

  it('asks only the services named', async () => {
    const { admin } = await startTwo();
    const { services } = await admin.collectSettings({ services: ['nornen', 'heidrun'] });
    expect(services.map(({ service }) => service)).toEqual(['nornen', 'heidrun']);
  });

  it('is refused, naming the field, for services that are unknown, named twice or too many', async () => {
    const { admin } = await startTwo();
    const wrong: [string[], string][] = [
      [['heidrun', 'thor'], 'services.1'],
      [['heidrun', 'heidrun'], 'services.1'],
      [['a', 'b', 'c', 'd', 'e'], 'services'],
    ];
    for (const [services, field] of wrong) {
      const refusal = { reason: 'INVALID_INPUT', violations: [{ field }] };
      await expect(admin.collectSettings({ services })).rejects.toMatchObject(refusal);
    }
  });

  it('finds a service whose address changes while Nornen runs', async () => {
    const { admin } = await startTwo();
    const njordr = await startPeer('njordr');
    const askNjordr = async () => (await admin.collectSettings({ services: ['njordr'] })).services[0]?.errorReason;
    expect(await askNjordr()).toBe('DEPENDENCY_UNAVAILABLE');
    await admin.pushSettings(push({ service: 'nornen', changes: [change('peers.njordr', njordr.address)] }));
    await waitFor(async () => (await askNjordr()) === '');
  });
});

describe('PushSettings', () => {
  it('changes several services on behalf of the admin, once per key, and both are audited', async () => {
    const { admin, heidrun, service } = await startTwo();
    const request = both();
    const answer = await admin.pushSettings(request);
    expect(answer.results.map(({ service: name, applied, snapshot }) => [name, applied, snapshot?.version])).toEqual([
      ['heidrun', true, 1n],
      ['nornen', true, 1n],
    ]);
    expect(await admin.pushSettings(request)).toEqual(answer);
    expect(heidrun.settings.current().rate).toBe(1_300);
    const who = { actor: 'nornen', onBehalfOf: 'ada' };
    expect(await heidrun.versions()).toEqual([
      { version: 1n, overrides: { rate: 1_300 }, reason: 'a test', networkId: 'net-1', ...who },
    ]);
    expect(await versionsOf(service)).toEqual([
      { version: 1n, overrides: { 'policies.signOfLifeMs': 20_000 }, ...who },
    ]);
    // Records are sealed into their table in the background.
    await waitFor(async () => (await auditOf(heidrun, 'settings.update')).length > 0);
    expect(await auditOf(heidrun, 'settings.update')).toEqual([{ ...who, subject: 'settings:heidrun' }]);
    await waitFor(async () => (await auditOf(service, 'settings.push')).length > 1);
    expect(await auditOf(service, 'settings.push')).toEqual([
      { actor: 'ada', onBehalfOf: '', subject: 'settings:heidrun' },
      { actor: 'ada', onBehalfOf: '', subject: 'settings:nornen' },
    ]);
  });

  it('names one service in the short form and answers its settings', async () => {
    const { admin } = await startTwo();
    const answer = await admin.pushSettings(
      push({ service: 'heidrun', changes: [change('rate', 1_400), change('database.poolSize', 3)] }),
    );
    expect(answer).toMatchObject({ snapshot: { version: 1n }, restartPendingPaths: ['database.poolSize'] });
  });

  it('changes nothing anywhere when one service refuses, and says which field of which service', async () => {
    const { admin, heidrun, service } = await startTwo();
    const request = both({
      pushes: [
        { service: 'nornen', changes: [change('policies.signOfLifeMs', 20_000)] },
        { service: 'heidrun', changes: [change('rate', 1), change('no.such', 1)] },
      ],
    });
    await expect(admin.pushSettings(request)).rejects.toMatchObject({
      reason: 'INVALID_INPUT',
      violations: [{ field: 'heidrun: no.such' }],
    });
    expect([...(await heidrun.versions()), ...(await versionsOf(service))]).toEqual([]);
    // A refused push does not take its key.
    const corrected = both({ idempotencyKey: request.idempotencyKey });
    expect((await admin.pushSettings(corrected)).results).toHaveLength(2);
  });

  it('changes nothing anywhere when one service cannot be asked', async () => {
    const { admin, service } = await startTwo();
    const request = both({
      pushes: [
        { service: 'nornen', changes: [change('policies.signOfLifeMs', 20_000)] },
        { service: 'njordr', changes: [change('log.level', 'debug')] },
      ],
    });
    const refused = expect(admin.pushSettings(request)).rejects;
    await refused.toMatchObject({ reason: 'DEPENDENCY_UNAVAILABLE', metadata: { service: 'njordr' } });
    expect(await versionsOf(service)).toEqual([]);
  });

  it('only checks with validate_only', async () => {
    const { admin, heidrun, service } = await startTwo();
    const { results } = await admin.pushSettings(both({ validateOnly: true }));
    expect(results.map(({ applied }) => applied)).toEqual([false, false]);
    expect(results[0]?.snapshot?.settings.find(({ path }) => path === 'rate')?.valueJson).toBe('1300');
    expect([...(await heidrun.versions()), ...(await versionsOf(service))]).toEqual([]);
  });

  it('goes on when it is repeated after it was interrupted between two services', async () => {
    const { admin, heidrun, service } = await startTwo();
    const request = both();
    // As after a crash between storing with Heidrun and storing here: all of Nornen's memory of the push is gone.
    await admin.pushSettings(request);
    await service.db.pool.query('DELETE FROM settings_versions');
    await service.db.pool.query('DELETE FROM idempotency_keys');
    const { results } = await admin.pushSettings(request);
    expect(results.map(({ applied }) => applied)).toEqual([true, true]);
    expect(await heidrun.versions()).toHaveLength(1);
    expect(await versionsOf(service)).toHaveLength(1);
  });

  it('stores what it can when a service fails only while storing, and the rest when it is repeated', async () => {
    const { admin, heidrun, service } = await startTwo();
    // Refuses the insert, as a full disk would; reading and checking go on.
    await heidrun.db.pool.query(`ALTER TABLE settings_versions ADD CONSTRAINT full_disk CHECK (version < 1)`);
    const request = both();
    const { results } = await admin.pushSettings(request);
    expect(results).toMatchObject([
      { service: 'heidrun', applied: false, snapshot: undefined, errorReason: 'INTERNAL' },
      { service: 'nornen', applied: true, errorReason: '' },
    ]);
    await heidrun.db.pool.query('ALTER TABLE settings_versions DROP CONSTRAINT full_disk');
    const again = await admin.pushSettings(request);
    expect(again.results.map(({ applied }) => applied)).toEqual([true, true]);
    expect([await heidrun.versions(), await versionsOf(service)].map(({ length }) => length)).toEqual([1, 1]);
  });

  it('keeps the keys of two admins apart, and refuses a key with other content', async () => {
    const { admin, service } = await startTwo();
    const request = both();
    await admin.pushSettings(request);
    const other = service.client(nornen.AdminServiceService, { ...ada, subject: 'bo' });
    const { results } = await other.pushSettings(request);
    expect(results[0]?.snapshot?.version).toBe(2n);
    for (const changed of [
      both({ ...request, reason: 'another' }),
      both({ ...request, pushes: [request.pushes[1]!] }),
    ]) {
      await expect(admin.pushSettings(changed)).rejects.toMatchObject({ reason: 'IDEMPOTENCY_CONFLICT' });
    }
  });

  it('refuses a stale version', async () => {
    const { admin } = await startTwo();
    const stale = both({ pushes: [{ service: 'heidrun', expectedVersion: 7n, changes: [change('rate', 1_300)] }] });
    await expect(admin.pushSettings(stale)).rejects.toMatchObject({ reason: 'VERSION_CONFLICT' });
  });

  const changes = [change('rate', 1_300)];
  const wrong: [string, nornen.PushSettingsRequest, string][] = [
    ['no key', both({ idempotencyKey: '' }), 'idempotency_key'],
    ['no reason', both({ reason: ' ' }), 'reason'],
    ['no service', push({ changes }), 'service'],
    ['no change', push({ service: 'heidrun' }), 'changes'],
    ['both forms', both({ service: 'heidrun' }), 'service'],
    ['a push without a change', both({ pushes: [{ service: 'heidrun' }] }), 'pushes.0.changes'],
    [
      'a service named twice',
      both({ pushes: [1, 2].map(() => ({ service: 'heidrun', changes })) }),
      'pushes.1.service',
    ],
    ['too many services', both({ pushes: [1, 2, 3, 4, 5].map(() => ({ service: 'heidrun', changes })) }), 'pushes'],
    ['a negative version', push({ service: 'heidrun', changes, expectedVersion: -1n }), 'expected_version'],
    [
      'a value that is no JSON',
      push({ service: 'heidrun', changes: [{ path: 'rate', valueJson: '{' }] }),
      'changes.0.value_json',
    ],
  ];
  it('is refused, naming the field, whatever is wrong with it', async () => {
    const { admin, heidrun } = await startTwo();
    for (const [what, request, field] of wrong) {
      const refusal = { reason: 'INVALID_INPUT', violations: [{ field }] };
      await expect(admin.pushSettings(request), what).rejects.toMatchObject(refusal);
    }
    expect(await heidrun.versions()).toEqual([]);
  });

  it('is refused for a service that does not exist', async () => {
    const { admin } = await startTwo();
    await expect(admin.pushSettings(push({ service: 'thor', changes }))).rejects.toMatchObject({
      kind: 'not-found',
      reason: 'SERVICE_UNKNOWN',
    });
  });

  it('is for admins only, also a service that acts for somebody', async () => {
    const { service } = await startTwo();
    for (const roles of [['user'], ['provider'], ['service']] as const) {
      const client = service.client(nornen.AdminServiceService, { roles: [...roles] });
      await expect(client.pushSettings(both())).rejects.toMatchObject({ reason: 'ROLE_FORBIDDEN' });
    }
    const acting = service.client(nornen.AdminServiceService, { roles: ['service', 'admin'], subject: 'njordr' });
    const actAs = { subject: 'bo', networkId: 'net-1' };
    await expect(acting.pushSettings(both(), { actAs })).rejects.toMatchObject({ reason: 'ROLE_FORBIDDEN' });
  });
});
