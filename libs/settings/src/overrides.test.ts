import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMemoryLogger } from '@edda/telemetry';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exampleSchema } from './example-schema.test-support.ts';
import { createSettings, type SettingsOptions } from './index.ts';

let directory: string;
let file: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'overrides-'));
  file = join(directory, 'example.json');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const save = (value: unknown) => writeFile(file, JSON.stringify(value));
const load = (options: Partial<SettingsOptions<typeof exampleSchema.shape>> = {}) =>
  createSettings({ schema: exampleSchema, watch: false, ...options });

describe('setOverrides', () => {
  it('wins over file and start, survives a reload of the file, and gives way when it is dropped', async () => {
    await save({ note: 'file' });
    const settings = await load({ file, overrides: { note: 'start' } });
    expect(await settings.setOverrides({ note: 'override' })).toMatchObject({ applied: true, changed: ['note'] });
    await save({ note: 'file 2' });
    await settings.reload();
    expect(settings.current().note).toBe('override');
    expect(settings.originOf('note')).toBe('override');
    await settings.setOverrides({});
    expect(settings.current().note).toBe('start');
    expect(settings.originOf('note')).toBe('start');
  });

  it('leaves out what is unknown or invalid here, one by one, says so, and applies the rest', async () => {
    const { logger, records } = createMemoryLogger();
    const settings = await load({ logger });
    const stored = { 'holds.ttlSeconds': -1, 'grpc.prot': 1, '__proto__.note': 'x', note: 'kept', models: 'a' };
    expect(await settings.setOverrides(stored)).toMatchObject({ applied: true });
    expect(settings.current()).toMatchObject({ note: 'kept', holds: { ttlSeconds: 900 }, models: ['a', 'b'] });
    const ignored = settings.ignoredOverrides.map(({ field }) => field).sort();
    expect(ignored).toEqual(['__proto__.note', 'grpc.prot', 'holds.ttlSeconds', 'models']);
    expect(records.find((record) => record['level'] === 'error')).toMatchObject({
      violations: settings.ignoredOverrides,
    });
    await settings.setOverrides({ note: 'kept' });
    expect(settings.ignoredOverrides).toEqual([]);
  });

  it('leaves out the override that breaks a rule between fields, or whose absence mends it', async () => {
    const settings = await load();
    await settings.setOverrides({ 'holds.deadlineSeconds': 1_000, note: 'kept' });
    expect(settings.ignoredOverrides).toEqual([
      { field: 'holds.deadlineSeconds', description: 'must not exceed holds.ttlSeconds' },
    ]);
    // The rule names the deadline, which is no override here.
    await settings.setOverrides({ 'holds.ttlSeconds': 100, note: 'kept' });
    expect(settings.ignoredOverrides).toEqual([
      { field: 'holds.ttlSeconds', description: 'holds.deadlineSeconds: must not exceed holds.ttlSeconds' },
    ]);
    expect(settings.current()).toMatchObject({ note: 'kept', holds: { ttlSeconds: 900, deadlineSeconds: 600 } });
  });

  it('of a restart-only setting waits, its value and origin in force unchanged', async () => {
    const settings = await load();
    await settings.setOverrides({ 'grpc.port': 7 });
    expect(settings.current().grpc.port).toBe(50_000);
    expect(settings.states().find(({ field }) => field.path === 'grpc.port')).toMatchObject({
      value: 50_000,
      origin: 'default',
      pending: true,
      wanted: 7,
    });
  });
});

describe('startWith', () => {
  it('puts restart-only overrides in force too, and nothing invalid stops it', async () => {
    const settings = await load();
    settings.startWith({ 'grpc.port': 7, 'holds.ttlSeconds': -1 });
    expect(settings.current()).toMatchObject({ grpc: { port: 7 }, holds: { ttlSeconds: 900 } });
    expect(settings.originOf('grpc.port')).toBe('override');
    expect(settings.pendingRestart).toEqual([]);
    expect(settings.ignoredOverrides).toHaveLength(1);
    await settings.setOverrides({});
    expect(settings.pendingRestart).toEqual(['grpc.port']);
  });
});

describe('plan', () => {
  const changes = (values: Record<string, unknown>) => new Map(Object.entries(values));

  it('shows every setting as it would be and changes nothing', async () => {
    const settings = await load();
    const plan = settings.plan({ note: 'a' }, changes({ note: undefined, 'grpc.port': 7, 'holds.ttlSeconds': 700 }));
    expect(plan).toMatchObject({
      violations: [],
      overrides: { 'grpc.port': 7, 'holds.ttlSeconds': 700 },
      pendingRestart: ['grpc.port'],
    });
    const states = plan.overrides === undefined ? [] : plan.states;
    const ttl = states.find(({ field }) => field.path === 'holds.ttlSeconds');
    expect(ttl).toMatchObject({ value: 700, origin: 'override', pending: false });
    expect(settings.current().holds.ttlSeconds).toBe(900);
    expect(settings.rejectedReloads).toBe(0);
  });

  it.each([
    ['an unknown setting', { nope: 1 }, 'nope'],
    ['a group', { holds: { ttlSeconds: 5 } }, 'holds'],
    ['a part of a setting', { 'levels.grpc': 'info' }, 'levels.grpc'],
    ['a prototype key', { '__proto__.note': 'x' }, '__proto__.note'],
    ['a wrong type', { 'holds.ttlSeconds': '5' }, 'holds.ttlSeconds'],
    ['out of bounds', { 'grpc.port': 70_000 }, 'grpc.port'],
    ['a broken rule between fields', { 'holds.deadlineSeconds': 1_000 }, 'holds.deadlineSeconds'],
    ['dropping what is neither known nor stored', { nope: undefined }, 'nope'],
  ])('refuses %s, naming the path', async (_, change, field) => {
    const settings = await load();
    expect(settings.plan({}, changes(change)).violations).toMatchObject([{ field }]);
  });

  it('refuses what would contradict the running restart-only settings until the restart', async () => {
    const settings = await load({ overrides: { grpc: { port: 0 } } });
    const { violations } = settings.plan({}, changes({ 'grpc.port': 5, 'holds.ttlSeconds': 777 }));
    expect(violations[0]?.description).toContain('until a restart puts grpc.port in force');
  });

  it('what another version stored and this one ignores stays stored, does not count, and can be dropped', async () => {
    const settings = await load();
    const stored = { 'gone.setting': 1, 'grpc.port': -1 };
    expect(settings.plan(stored, changes({ note: 'x' })).overrides).toEqual({ ...stored, note: 'x' });
    expect(settings.plan(stored, changes({ 'gone.setting': undefined })).overrides).toEqual({ 'grpc.port': -1 });
    expect(settings.plan(stored, changes({ 'grpc.port': -2 })).violations).toMatchObject([{ field: 'grpc.port' }]);
  });
});
