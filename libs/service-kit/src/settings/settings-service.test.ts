import { randomUUID } from 'node:crypto';
import { settings as contract } from '@edda/contracts';
import { audited, createTestDatabases, type TestDatabase, waitFor } from '@edda/testing';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { redisUrl, settingOf, startProbe, update, valueOf } from './settings-service.test-support.ts';

const databases = createTestDatabases({ name: 'settings_service' });
afterAll(() => databases.dropAll());
let db: TestDatabase;
beforeEach(async () => {
  db = await databases.create();
});

const versions = async () =>
  (
    await db.pool.query<Record<string, unknown>>(
      `SELECT version, changes, overrides, reason, actor, on_behalf_of AS "onBehalfOf", network_id AS "networkId"
       FROM settings_versions ORDER BY version`,
    )
  ).rows;

describe('GetSettings', () => {
  it('names every setting with value, origin, default, example and whether it needs a restart, and the JSON Schema', async () => {
    const { admin } = await startProbe(db, { settings: { holds: { ttlSeconds: 700 } } });
    const { snapshot, jsonSchema } = await admin.getSettings({ pathPrefix: '' });
    expect(snapshot).toMatchObject({ service: 'probe', version: 0n, rejectedReloads: 0n, ignoredOverrides: [] });
    expect(settingOf(snapshot, 'holds.ttlSeconds')).toEqual({
      path: 'holds.ttlSeconds',
      valueJson: '700',
      defaultJson: '900',
      origin: contract.SettingOrigin.FILE,
      description: 'Life, s.',
      exampleJson: '60',
      restartRequired: false,
      restartPending: false,
      pendingJson: undefined,
    });
    expect(settingOf(snapshot, 'grpc.port')).toMatchObject({
      valueJson: '0',
      origin: contract.SettingOrigin.STARTUP,
      restartRequired: true,
    });
    expect(settingOf(snapshot, 'holds.note')).toMatchObject({ valueJson: '', defaultJson: '' });
    const paths = snapshot?.settings.map(({ path }) => path);
    expect(paths).toEqual(paths?.toSorted());
    expect(JSON.parse(jsonSchema)).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      properties: { holds: {} },
    });
  });

  it('gives only what begins with the prefix, and never a secret', async () => {
    const { admin } = await startProbe(db);
    const { snapshot } = await admin.getSettings({ pathPrefix: 'holds.' });
    expect(snapshot?.settings.map(({ path }) => path)).toEqual([
      'holds.deadlineSeconds',
      'holds.models',
      'holds.note',
      'holds.ttlSeconds',
    ]);
    const everything = JSON.stringify(await admin.getSettings({ pathPrefix: '' }), (_, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    expect(everything).not.toContain(db.url);
    expect(everything).not.toContain('postgres://');
  });
});

describe('UpdateSettings', () => {
  it('keeps every version with who, when and why, in force before it answers, with one event and one audit record', async () => {
    const { admin, settings } = await startProbe(db);
    const first = await admin.updateSettings(update({ 'holds.ttlSeconds': 1_000 }, { reason: 'longer' }));
    expect(settings.current().holds.ttlSeconds).toBe(1_000);
    expect(first.snapshot?.version).toBe(1n);
    expect(settingOf(first.snapshot, 'holds.ttlSeconds')?.origin).toBe(contract.SettingOrigin.OVERRIDE);
    await admin.updateSettings(update({ 'holds.note': 'x' }));
    await admin.updateSettings(update({ 'holds.ttlSeconds': undefined }));
    expect(settings.current().holds).toMatchObject({ ttlSeconds: 900, note: 'x' });
    const by = { actor: 'ada', onBehalfOf: null, networkId: 'net' };
    expect(await versions()).toEqual([
      {
        version: 1n,
        changes: { 'holds.ttlSeconds': 1_000 },
        overrides: { 'holds.ttlSeconds': 1_000 },
        reason: 'longer',
        ...by,
      },
      {
        version: 2n,
        changes: { 'holds.note': 'x' },
        overrides: { 'holds.ttlSeconds': 1_000, 'holds.note': 'x' },
        reason: 'a test',
        ...by,
      },
      { version: 3n, changes: { 'holds.ttlSeconds': null }, overrides: { 'holds.note': 'x' }, reason: 'a test', ...by },
    ]);
    const { rows } = await db.pool.query('SELECT subject, type, sequence FROM outbox_events ORDER BY id');
    expect(rows).toEqual(
      [1n, 2n, 3n].map((sequence) => ({ subject: 'settings:probe', type: 'probe.settings.changed', sequence })),
    );
    const records = await audited(db.pool);
    expect(records).toHaveLength(3);
    expect(records[0]).toEqual({
      ...{ actor: 'ada', action: 'settings.update', subject: 'settings:probe', reason: 'longer' },
      details: '{"version":1,"paths":["holds.ttlSeconds"]}',
    });
  });

  it('drops an override that is set to null', async () => {
    const { admin, settings } = await startProbe(db);
    await admin.updateSettings(update({ 'holds.ttlSeconds': 1_000 }));
    await admin.updateSettings(update({ 'holds.ttlSeconds': null }));
    expect(settings.current().holds.ttlSeconds).toBe(900);
  });

  it('is all or nothing', async () => {
    const { admin, settings } = await startProbe(db);
    const wrong = update({ 'holds.ttlSeconds': 1_000, 'holds.deadlineSeconds': 'soon', 'grpc.port': 70_000 });
    await expect(admin.updateSettings(wrong)).rejects.toMatchObject({
      reason: 'INVALID_INPUT',
      violations: [{ field: 'grpc.port' }, { field: 'holds.deadlineSeconds' }],
    });
    expect(settings.current().holds.ttlSeconds).toBe(900);
    expect(await versions()).toEqual([]);
  });

  it('only checks with validate_only, and shows what would be', async () => {
    const { admin, settings } = await startProbe(db);
    const answer = await admin.updateSettings(
      update({ 'holds.ttlSeconds': 1_000, 'database.poolSize': 3 }, { validateOnly: true }),
    );
    expect(valueOf(answer.snapshot, 'holds.ttlSeconds')).toBe(1_000);
    expect(answer.restartPendingPaths).toEqual(['database.poolSize']);
    expect(settings.current().holds.ttlSeconds).toBe(900);
    expect(await versions()).toEqual([]);
    const wrong = update({ 'holds.ttlSeconds': 0 }, { validateOnly: true });
    await expect(admin.updateSettings(wrong)).rejects.toMatchObject({ violations: [{ field: 'holds.ttlSeconds' }] });
  });

  it.skipIf(redisUrl === undefined)(
    'a hundred parallel identical updates make one version and get one answer',
    async () => {
      const [a, b] = [await startProbe(db), await startProbe(db)];
      const same = update({ 'holds.ttlSeconds': 1_000 });
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? a : b).admin.updateSettings(same)),
      );
      expect(await versions()).toHaveLength(1);
      for (const answer of answers) expect(answer).toEqual(answers[0]);
    },
  );

  it('a repetition answers as the first did although the settings moved on, with validate_only as well', async () => {
    const { admin } = await startProbe(db);
    const same = update({ 'holds.ttlSeconds': 1_000 }, { expectedVersion: 0n });
    const first = await admin.updateSettings(same);
    await admin.updateSettings(update({ 'holds.ttlSeconds': 2_000 }));
    expect(await admin.updateSettings(same)).toEqual(first);
    expect(await admin.updateSettings({ ...same, validateOnly: true })).toEqual(first);
  });

  it('of ten updates from the same version one wins', async () => {
    const { admin } = await startProbe(db);
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, (_, i) =>
        admin.updateSettings(update({ 'holds.ttlSeconds': 1_000 + i }, { expectedVersion: 0n })),
      ),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const lost = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    for (const error of lost) expect(error).toMatchObject({ reason: 'VERSION_CONFLICT' });
    expect(await versions()).toHaveLength(1);
  });

  it.skipIf(redisUrl === undefined)('reaches the other replicas', async () => {
    const [a, b] = [await startProbe(db), await startProbe(db)];
    await a.admin.updateSettings(update({ 'holds.ttlSeconds': 1_000 }));
    await waitFor(() => b.settings.current().holds.ttlSeconds === 1_000);
    expect((await b.admin.getSettings({ pathPrefix: '' })).snapshot?.version).toBe(1n);
  });

  it('lets Nornen change settings for an admin whom it names, and no other service', async () => {
    const probe = await startProbe(db);
    const nornen = probe.client(['service'], 'nornen');
    const actAs = { subject: 'ada', networkId: 'home' };
    await nornen.updateSettings(update({ 'holds.note': 'pushed' }), { actAs });
    expect(await versions()).toMatchObject([{ actor: 'nornen', onBehalfOf: 'ada', networkId: 'home' }]);
    const forbidden = { reason: 'ROLE_FORBIDDEN' };
    await expect(nornen.updateSettings(update({ 'holds.note': 'own' }))).rejects.toMatchObject(forbidden);
    const njordr = probe.client(['service'], 'njordr');
    await expect(njordr.updateSettings(update({ 'holds.note': 'x' }), { actAs })).rejects.toMatchObject(forbidden);
    const user = probe.client(['user'], 'nornen');
    await expect(user.updateSettings(update({ 'holds.note': 'x' }))).rejects.toMatchObject(forbidden);
  });
});

describe('bad input', () => {
  const many = Object.fromEntries(Array.from({ length: 201 }, (_, i) => [`holds.x${i}`, 1]));
  const raw = (path: string, valueJson: string) => update({}, { changes: [{ path, valueJson }] });
  const twice = [
    { path: 'holds.note', valueJson: '"a"' },
    { path: 'holds.note', valueJson: '"b"' },
  ];

  it.each<[string, contract.UpdateSettingsRequest, string]>([
    ['an unknown path', update({ 'holds.nope': 1 }), 'holds.nope'],
    ['a group', update({ holds: {} }), 'holds'],
    ['no path', update({ '': 1 }), 'changes.0.path'],
    ['a long path', update({ ['x'.repeat(201)]: 1 }), 'changes.0.path'],
    ['a prototype path', update({ '__proto__.polluted': 1 }), '__proto__.polluted'],
    ['a wrong type', update({ 'holds.ttlSeconds': '900' }), 'holds.ttlSeconds'],
    ['a fraction for a whole number', update({ 'holds.ttlSeconds': 1.5 }), 'holds.ttlSeconds'],
    ['a value out of bounds', update({ 'holds.ttlSeconds': 86_401 }), 'holds.ttlSeconds'],
    ['an infinite value', raw('holds.ttlSeconds', '1e400'), 'holds.ttlSeconds'],
    ['a broken rule between fields', update({ 'holds.deadlineSeconds': 1_000 }), 'holds.deadlineSeconds'],
    ['a path named twice', update({}, { changes: twice }), 'holds.note'],
    ['a value over 64 KiB', update({ 'holds.note': 'x'.repeat(65_535) }), 'changes.0.value_json'],
    ['text that is no JSON', raw('holds.note', '{'), 'changes.0.value_json'],
    ['a NUL', update({ 'holds.note': 'a\0b' }), 'changes.0.value_json'],
    ['a lone surrogate', raw('holds.note', '"\\ud800"'), 'changes.0.value_json'],
    ['a deep nesting', raw('holds.models', '['.repeat(30_000) + ']'.repeat(30_000)), 'changes.0.value_json'],
    ['no changes', update({}), 'changes'],
    ['more than 200 changes', update(many), 'changes'],
    ['an empty reason', update({ 'holds.note': 'x' }, { reason: ' ' }), 'reason'],
    ['a long reason', update({ 'holds.note': 'x' }, { reason: 'x'.repeat(501) }), 'reason'],
    ['no idempotency key', update({ 'holds.note': 'x' }, { idempotencyKey: '' }), 'idempotency_key'],
    ['a long idempotency key', update({ 'holds.note': 'x' }, { idempotencyKey: 'x'.repeat(129) }), 'idempotency_key'],
    ['a negative version', update({ 'holds.note': 'x' }, { expectedVersion: -1n }), 'expected_version'],
  ])('is refused, naming the field: %s', async (_, request, field) => {
    const { admin } = await startProbe(db);
    await expect(admin.updateSettings(request)).rejects.toMatchObject({
      kind: 'invalid',
      reason: 'INVALID_INPUT',
      violations: [{ field }],
    });
    expect(await versions()).toEqual([]);
  });

  it('is refused: a stale version, naming the newest', async () => {
    const { admin } = await startProbe(db);
    await admin.updateSettings(update({ 'holds.note': 'x' }));
    await expect(admin.updateSettings(update({ 'holds.note': 'y' }, { expectedVersion: 0n }))).rejects.toMatchObject({
      reason: 'VERSION_CONFLICT',
      metadata: { settings_version: '1' },
    });
  });

  it('is refused: a key with other content', async () => {
    const { admin } = await startProbe(db);
    const idempotencyKey = randomUUID();
    await admin.updateSettings(update({ 'holds.note': 'x' }, { idempotencyKey }));
    const conflict = { reason: 'IDEMPOTENCY_CONFLICT' };
    for (const validateOnly of [false, true]) {
      const other = update({ 'holds.note': 'y' }, { idempotencyKey, validateOnly });
      await expect(admin.updateSettings(other)).rejects.toMatchObject(conflict);
    }
  });

  it('is refused: whoever may not', async () => {
    const probe = await startProbe(db);
    const user = probe.client(['user', 'provider']);
    const forbidden = { reason: 'ROLE_FORBIDDEN' };
    await expect(user.getSettings({ pathPrefix: '' })).rejects.toMatchObject(forbidden);
    await expect(user.updateSettings(update({ 'holds.note': 'x' }))).rejects.toMatchObject(forbidden);
    await expect(probe.client(['service']).reloadSettings({ idempotencyKey: 'k' })).rejects.toMatchObject(forbidden);
    await expect(user.watchSettings({ pathPrefix: '' })[Symbol.asyncIterator]().next()).rejects.toMatchObject(
      forbidden,
    );
    await expect(probe.client(['service']).getSettings({ pathPrefix: 'x'.repeat(201) })).rejects.toMatchObject({
      violations: [{ field: 'path_prefix' }],
    });
  });
});
