import { randomUUID } from 'node:crypto';
import { createTestDatabases, type TestDatabase, waitFor } from '@edda/testing';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { redisUrl, settingOf, startProbe, update, valueOf } from './settings-service.test-support.ts';

const databases = createTestDatabases({ name: 'settings_restart' });
afterAll(() => databases.dropAll());
let db: TestDatabase;
beforeEach(async () => {
  db = await databases.create();
});

const all = { pathPrefix: '' };
const poolSize = 'database.poolSize';

/** What a version of this service with other settings would have stored. */
const storeAsAnotherVersion = (overrides: object) =>
  db.pool.query(
    `INSERT INTO settings_versions (version, changes, overrides, reason, actor, network_id, request_id, changed_at)
     SELECT coalesce(max(version), 0) + 1, $1::jsonb, $1::jsonb, 'r', 'a', 'n', '', now() FROM settings_versions`,
    [JSON.stringify(overrides)],
  );

describe('a restart-only setting', () => {
  it('is stored, shown as waiting, and in force with the next start before anything is built', async () => {
    const first = await startProbe(db);
    const answer = await first.admin.updateSettings(update({ [poolSize]: 3 }));
    expect(answer.restartPendingPaths).toEqual([poolSize]);
    const { snapshot } = await first.admin.getSettings(all);
    expect(settingOf(snapshot, poolSize)).toMatchObject({ valueJson: '10', restartPending: true, pendingJson: '3' });
    expect(await first.metrics()).toMatch(/edda_settings_pending_restart\{[^}]*\} 1/);

    await first.base.close();
    const second = await startProbe(db);
    expect(second.base.pool.options.max).toBe(3);
    const { snapshot: after } = await second.admin.getSettings(all);
    expect(settingOf(after, poolSize)).toMatchObject({ valueJson: '3', restartPending: false });
    expect(after?.version).toBe(1n);
  });

  it('that keeps the service from starting can be taken back after a start that ignores it', async () => {
    const first = await startProbe(db);
    await first.admin.updateSettings(update({ 'auth.jwksFile': '/nowhere.json', 'auth.jwksUrl': 'http://x.example' }));
    await first.base.close();
    await expect(startProbe(db)).rejects.toThrow('auth.jwks');
    const rescued = await startProbe(db, { ignoreOverrides: true });
    const { snapshot } = await rescued.admin.getSettings(all);
    expect(settingOf(snapshot, 'auth.jwksUrl')).toMatchObject({ restartPending: true });
    await rescued.admin.updateSettings(update({ 'auth.jwksFile': undefined, 'auth.jwksUrl': undefined }));
    await rescued.base.close();
    await startProbe(db);
  });
});

describe('an override that is not valid in this version', () => {
  it('does not stop a start: it is left out by itself, logged, counted, shown, and can be dropped', async () => {
    await (await startProbe(db)).base.close();
    await storeAsAnotherVersion({ 'gone.setting': 1, 'holds.ttlSeconds': -5, 'holds.note': 'kept' });
    const probe = await startProbe(db);
    expect(probe.settings.current().holds).toMatchObject({ ttlSeconds: 900, note: 'kept' });
    const { snapshot } = await probe.admin.getSettings(all);
    expect(snapshot?.ignoredOverrides.map(({ path }) => path).sort()).toEqual(['gone.setting', 'holds.ttlSeconds']);
    expect(await probe.metrics()).toMatch(/edda_settings_ignored_overrides\{[^}]*\} 2/);
    expect(probe.log.text()).toContain('stored settings are ignored');
    const answer = await probe.admin.updateSettings(update({ 'gone.setting': undefined, 'holds.ttlSeconds': 700 }));
    expect(answer.snapshot?.ignoredOverrides).toEqual([]);
    expect(probe.settings.current().holds).toMatchObject({ ttlSeconds: 700, note: 'kept' });
  });

  it('does not disturb a running replica either', async () => {
    const probe = await startProbe(db);
    await storeAsAnotherVersion({ 'gone.setting': 1, 'holds.note': 'newer' });
    await waitFor(() => probe.settings.current().holds.note === 'newer');
    expect(probe.settings.ignoredOverrides).toHaveLength(1);
  });
});

describe('ReloadSettings', () => {
  it('puts a changed file in force, once per key', async () => {
    const probe = await startProbe(db, { settings: { holds: { ttlSeconds: 700 } } });
    probe.write({ holds: { ttlSeconds: 800 } });
    const idempotencyKey = randomUUID();
    const answer = await probe.admin.reloadSettings({ idempotencyKey });
    expect(answer).toMatchObject({ applied: true, violations: [] });
    expect(valueOf(answer.snapshot, 'holds.ttlSeconds')).toBe(800);
    expect(await probe.admin.reloadSettings({ idempotencyKey })).toEqual(answer);
  });

  it.each([
    ['an invalid value', { holds: { ttlSeconds: 0 } }, 'holds.ttlSeconds'],
    ['an unknown key', { holds: { tll: 1 } }, 'holds.tll'],
    ['no JSON', '{"holds": ', ''],
  ])('keeps the values when the file has %s, and reports it', async (_, content, path) => {
    const probe = await startProbe(db, { settings: { holds: { ttlSeconds: 700 } } });
    probe.write(content);
    const answer = await probe.admin.reloadSettings({ idempotencyKey: randomUUID() });
    expect(answer).toMatchObject({ applied: false, violations: [{ path }] });
    expect(answer.snapshot?.rejectedReloads).toBeGreaterThan(0n);
    expect(valueOf(answer.snapshot, 'holds.ttlSeconds')).toBe(700);
    expect(await probe.metrics()).toMatch(/edda_settings_rejected_total\{[^}]*\} [1-9]/);
  });

  it('reads the overrides again too', async () => {
    const probe = await startProbe(db);
    await probe.admin.updateSettings(update({ 'settings.pollIntervalMs': 1_000 }));
    await storeAsAnotherVersion({ 'holds.note': 'elsewhere' });
    const { snapshot } = await probe.admin.reloadSettings({ idempotencyKey: randomUUID() });
    expect(valueOf(snapshot, 'holds.note')).toBe('elsewhere');
  });

  it('refuses an empty key', async () => {
    const probe = await startProbe(db);
    await expect(probe.admin.reloadSettings({ idempotencyKey: '' })).rejects.toMatchObject({
      violations: [{ field: 'idempotency_key' }],
    });
  });
});

describe('WatchSettings', () => {
  it.skipIf(redisUrl === undefined)(
    'sends the settings at once, then after every change with the changed paths',
    async () => {
      const [probe, other] = [await startProbe(db), await startProbe(db)];
      const stream = probe.client(['service']).watchSettings({ pathPrefix: '' })[Symbol.asyncIterator]();
      const next = async () => (await stream.next()).value as { snapshot: never; changedPaths: string[] };
      expect((await next()).changedPaths).toEqual([]);
      await other.admin.updateSettings(update({ 'holds.ttlSeconds': 1_000, [poolSize]: 3 }));
      const changed = await next();
      expect(changed.changedPaths).toEqual([poolSize, 'holds.ttlSeconds']);
      expect(valueOf(changed.snapshot, 'holds.ttlSeconds')).toBe(1_000);
      probe.write({ holds: { note: 'from the file' } });
      expect((await next()).changedPaths).toEqual(['holds.note']);
      await stream.return?.(undefined);
    },
  );

  it('tells a watcher of a prefix what begins with it', async () => {
    const probe = await startProbe(db);
    const stream = probe.admin.watchSettings({ pathPrefix: 'log.' })[Symbol.asyncIterator]();
    const first = (await stream.next()).value as { snapshot: { settings: { path: string }[] } };
    const paths = first.snapshot.settings.map(({ path }) => path);
    expect(paths).toContain('log.level');
    expect(paths.filter((path) => !path.startsWith('log.'))).toEqual([]);
    await probe.admin.updateSettings(update({ 'log.level': 'warn', 'holds.note': 'x' }));
    expect((await stream.next()).value).toMatchObject({ changedPaths: ['log.level'] });
    await stream.return?.(undefined);
  });

  it('is refused beyond the permitted number, and room is made when one ends', async () => {
    const probe = await startProbe(db, { settings: { settings: { maxWatchers: 1 } } });
    const open = () => probe.admin.watchSettings({ pathPrefix: '' })[Symbol.asyncIterator]();
    const first = open();
    await first.next();
    await expect(open().next()).rejects.toMatchObject({ reason: 'RATE_LIMITED' });
    await first.return?.(undefined);
    await waitFor(async () => {
      const again = open();
      return again.next().then(
        async () => {
          await again.return?.(undefined);
          return true;
        },
        () => false,
      );
    });
  });

  it('ends when the token expires', async () => {
    const probe = await startProbe(db);
    const watch = async () => {
      for await (const _ of probe.client(['admin'], 'ada', 2).watchSettings({ pathPrefix: '' })) continue;
    };
    await expect(watch()).rejects.toMatchObject({ reason: 'TOKEN_EXPIRED' });
  });
});
