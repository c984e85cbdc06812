import { mkdtemp, rename, rm, symlink, unlink, writeFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMemoryLogger } from '@edda/telemetry';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { exampleSchema } from './example-schema.test-support.ts';
import { createSettings, type ReloadResult, type SettingsOptions } from './index.ts';

let directory: string;
let file: string;
const open: { close: () => void }[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'settings-'));
  file = join(directory, 'example.json');
});
afterEach(async () => {
  for (const settings of open.splice(0)) settings.close();
  await rm(directory, { recursive: true, force: true });
});

const save = (value: unknown) => writeFile(file, typeof value === 'string' ? value : JSON.stringify(value));

async function load(options: Partial<SettingsOptions<typeof exampleSchema.shape>> = {}) {
  const settings = await createSettings({ schema: exampleSchema, watch: false, ...options });
  open.push(settings);
  return settings;
}

describe('layers', () => {
  it('are defaults below the file below the overrides, merged by group, lists replaced', async () => {
    await save({ holds: { ttlSeconds: 700 }, models: ['c'], grpc: { port: 1 } });
    const settings = await load({ file, overrides: { grpc: { port: 2 } } });
    expect(settings.current()).toEqual({
      grpc: { host: '127.0.0.1', port: 2 },
      holds: { ttlSeconds: 700, deadlineSeconds: 600 },
      models: ['c'],
      levels: {},
    });
    const origins = ['grpc.host', 'holds.ttlSeconds', 'grpc.port'].map((path) => settings.originOf(path));
    expect(origins).toEqual(['default', 'file', 'start']);
  });

  it('start with defaults while there is no file, saying so', async () => {
    const { logger, text } = createMemoryLogger();
    expect((await load({ file, logger })).current().grpc.port).toBe(50_000);
    expect(text()).toContain('no settings file');
  });

  it('are frozen at every depth', async () => {
    const values = (await load()).current();
    expect(() => values.models.push('x')).toThrow(TypeError);
    expect(() => (values.grpc.port = 1)).toThrow(TypeError);
  });
});

describe('an invalid start', () => {
  it.each([
    ['a wrong type', { grpc: { port: 'x' } }, 'grpc.port'],
    ['out of bounds', { grpc: { port: 70_000 } }, 'grpc.port'],
    ['an unknown key', { nope: 1 }, 'nope'],
    ['an unknown nested key', { grpc: { prot: 1 } }, 'grpc.prot'],
    ['a prototype key', '{"__proto__": {"note": "x"}}', '__proto__'],
    ['a group that is no object', { grpc: 5 }, 'grpc'],
    ['a wrong map value', { levels: { a: 'loud' } }, 'levels.a'],
    ['a broken rule between fields', { holds: { ttlSeconds: 5 } }, 'holds.deadlineSeconds'],
    ['no JSON', '{"a": ', ''],
    ['no object', '[1]', ''],
  ])('is refused for %s, naming the field', async (_, content, field) => {
    await save(content);
    await expect(load({ file })).rejects.toMatchObject({
      kind: 'invalid',
      reason: 'SETTINGS_INVALID',
      violations: [{ field }],
    });
  });

  it('names every wrong field at once', async () => {
    await save({ grpc: { port: -1, prot: 1 }, models: 'a' });
    const error = await load({ file }).catch((thrown: unknown) => thrown as { violations: { field: string }[] });
    const fields = 'violations' in error ? error.violations.map((v) => v.field).sort() : [];
    expect(fields).toEqual(['grpc.port', 'grpc.prot', 'models']);
  });
});

describe('reload', () => {
  it('applies a valid change, tells listeners both values, ignores a listener that throws', async () => {
    await save({ holds: { ttlSeconds: 700 } });
    const { logger } = createMemoryLogger();
    const settings = await load({ file, logger });
    const before = settings.current();
    const heard: [number, number][] = [];
    settings.onChange(() => {
      throw new Error('listener');
    });
    const stop = settings.onChange((previous, next) => heard.push([previous.holds.ttlSeconds, next.holds.ttlSeconds]));
    await save({ holds: { ttlSeconds: 800 } });
    expect(await settings.reload()).toMatchObject({ applied: true, changed: ['holds.ttlSeconds'] });
    expect(heard).toEqual([[700, 800]]);
    expect(before.holds.ttlSeconds).toBe(700);
    stop();
    await save({});
    await settings.reload();
    expect(heard).toHaveLength(1);
  });

  it('keeps the last good values when the file is invalid, names the field, counts it, calls the hook', async () => {
    await save({ holds: { ttlSeconds: 700 } });
    const { logger, records } = createMemoryLogger();
    const results: ReloadResult[] = [];
    const settings = await load({ file, logger, onReload: (result) => results.push(result) });
    await save({ holds: { ttlSeconds: 0 } });
    const result = await settings.reload();
    expect(result).toMatchObject({ applied: false, violations: [{ field: 'holds.ttlSeconds' }] });
    expect(settings.current().holds.ttlSeconds).toBe(700);
    expect(settings.rejectedReloads).toBe(1);
    expect(results).toEqual([result]);
    expect(records.at(-1)).toMatchObject({ level: 'error', violations: [{ field: 'holds.ttlSeconds' }] });
  });

  it('does not apply restart-only fields live, but reports them until they are changed back', async () => {
    await save({});
    const settings = await load({ file });
    await save({ grpc: { port: 9 }, note: 'now' });
    expect(await settings.reload()).toMatchObject({ applied: true, changed: ['note'], pendingRestart: ['grpc.port'] });
    expect(settings.current()).toMatchObject({ grpc: { port: 50_000 }, note: 'now' });
    expect(settings.pendingRestart).toEqual(['grpc.port']);
    await save({});
    await settings.reload();
    expect(settings.pendingRestart).toEqual([]);
  });

  it('refuses a change whose live part contradicts the running restart-only part', async () => {
    const settings = await load({ file, overrides: { grpc: { port: 0 } } });
    const result = await settings.setOverrides({ 'grpc.port': 5, 'holds.ttlSeconds': 777 });
    expect(result.applied).toBe(false);
    expect(result.violations[0]?.description).toContain('until a restart puts grpc.port in force');
  });
});

describe('the file watch', () => {
  const watched = (extra = {}) => load({ file, watch: { debounceMs: 10, pollMs: 60_000 }, ...extra });
  const until = (check: () => void) => vi.waitFor(check, { timeout: 20_000, interval: 10 });

  it('sees a write in place, an atomic rename over it, and the next write after that', async () => {
    await save({ note: '1' });
    const settings = await watched();
    await save({ note: '2' });
    await until(() => expect(settings.current().note).toBe('2'));
    await writeFile(`${file}.tmp`, JSON.stringify({ note: '3' }));
    await rename(`${file}.tmp`, file);
    await until(() => expect(settings.current().note).toBe('3'));
    await save({ note: '4' });
    await until(() => expect(settings.current().note).toBe('4'));
  });

  it('keeps the values while the file is missing and takes it when it is back', async () => {
    await save({ note: '1' });
    const { logger, text } = createMemoryLogger();
    const settings = await watched({ logger });
    await unlink(file);
    await until(() => expect(text()).toContain('gone'));
    expect(settings.current().note).toBe('1');
    await save({ note: '2' });
    await until(() => expect(settings.current().note).toBe('2'));
    expect(settings.rejectedReloads).toBe(0);
  });

  it('sees a link swapped beside it, as mounted configuration changes', async () => {
    for (const name of ['v1', 'v2']) {
      await mkdir(join(directory, name));
      await writeFile(join(directory, name, 'example.json'), JSON.stringify({ note: name }));
    }
    await symlink('v1', join(directory, '..data'));
    await symlink('..data/example.json', file);
    const settings = await watched();
    await symlink('v2', join(directory, 'next'));
    await rename(join(directory, 'next'), join(directory, '..data'));
    await until(() => expect(settings.current().note).toBe('v2'));
  });

  it('finds by polling a directory that appears later', async () => {
    file = join(directory, 'later', 'example.json');
    const settings = await load({ file, watch: { debounceMs: 10, pollMs: 30 } });
    await mkdir(join(directory, 'later'));
    await save({ note: 'late' });
    await until(() => expect(settings.current().note).toBe('late'));
  });

  it('refuses an invalid save once, however many events it makes, and recovers', async () => {
    await save({ note: '1' });
    const settings = await watched({ watch: { debounceMs: 10, pollMs: 20 } });
    await save('{"note": ');
    await until(() => expect(settings.rejectedReloads).toBe(1));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(settings.rejectedReloads).toBe(1);
    await save({ note: '2' });
    await until(() => expect(settings.current().note).toBe('2'));
  });

  it('stops with close', async () => {
    await save({ note: '1' });
    const settings = await watched({ watch: { debounceMs: 1, pollMs: 10 } });
    settings.close();
    await save({ note: '2' });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(settings.current().note).toBe('1');
  });
});
