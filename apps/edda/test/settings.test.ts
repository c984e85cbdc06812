import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { eikthyrnir, nornen, settings } from '@edda/contracts';
import { type RpcService } from '@edda/grpc-kit';
import { freePort, waitFor } from '@edda/testing';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addSettingsCommands } from '../src/commands/settings/add-settings-commands.ts';
import { settingsWatch } from '../src/commands/settings/settings-watch.ts';
import { clientOf, type MarketUser, tokensOf } from '../src/market/market-user.ts';
import { openTestMarket, type TestMarket } from './market-setup.ts';
import { edda } from './support/edda-command.ts';

const services = ['njordr', 'heidrun', 'eikthyrnir', 'nornen'] as const;
const admin: MarketUser = { subject: 'ada', networkId: 'demo', roles: ['admin'] };

let open: TestMarket;
const closers: (() => void)[] = [];

function client<const Service extends RpcService>(
  definition: Service,
  service: (typeof services)[number],
  user = admin,
) {
  const made = clientOf(definition, open.market.addresses[service], tokensOf(open.market, user), open.logger);
  closers.push(() => made.close());
  return made;
}
/** Which service logged a call of ours to GetSettings, once for each. */
async function ownCallsLogged(): Promise<string[]> {
  const lines = (await readFile(open.logFile, 'utf8')).trim().split('\n');
  const records = lines.map((line) => JSON.parse(line) as { service: string; method?: string; caller?: string });
  const { path } = settings.SettingsServiceService.getSettings;
  return records.filter(({ method, caller }) => method === path && caller === 'ada').map(({ service }) => service);
}
const nornens = () => client(nornen.AdminServiceService, 'nornen');

// Where services listen that start after Nornen is known to it a moment after the market is up.
beforeAll(async () => {
  open = await openTestMarket();
  const asked = nornens();
  await waitFor(async () => (await asked.getSystemHealth({})).healthy, { timeoutMs: 30_000 });
}, 120_000);
afterAll(async () => {
  for (const close of closers) close();
  await open.close();
});

describe('an admin of a whole market, through Nornen', () => {
  it('collects the settings of all four services', async () => {
    const { services: collected } = await nornens().collectSettings({ services: [] });
    expect(collected.map(({ service, errorReason }) => [service, errorReason])).toEqual(services.map((s) => [s, '']));
    for (const { service, snapshot, jsonSchema } of collected) {
      expect(snapshot?.service).toBe(service);
      expect(snapshot?.settings.length).toBeGreaterThan(20);
      expect(JSON.parse(jsonSchema)).toMatchObject({ type: 'object' });
    }
  });

  it('changes settings of all four with one call, each audited as the admin’s', async () => {
    const changes = [{ path: 'log.level', valueJson: '"warn"' }];
    const request = nornen.PushSettingsRequest.fromPartial({
      ...{ idempotencyKey: randomUUID(), reason: 'quieter', pushes: services.map((service) => ({ service, changes })) },
    });
    const { results } = await nornens().pushSettings(request);
    expect(results.map(({ service, applied }) => [service, applied])).toEqual(services.map((s) => [s, true]));
    for (const service of services) {
      const { snapshot } = await client(settings.SettingsServiceService, service).getSettings({ pathPrefix: 'log.' });
      expect(snapshot?.settings.find(({ path }) => path === 'log.level')?.valueJson).toBe('"warn"');
    }
    expect((await nornens().pushSettings(request)).results).toEqual(results);

    // At this level the calls just made left no line; those made after the change is taken back do.
    const back = services.map((service) => ({ service, changes: [{ path: 'log.level', valueJson: undefined }] }));
    await nornens().pushSettings(
      nornen.PushSettingsRequest.fromPartial({ idempotencyKey: randomUUID(), reason: 'back', pushes: back }),
    );
    for (const service of services) {
      await client(settings.SettingsServiceService, service).getSettings({ pathPrefix: 'log.' });
    }
    await waitFor(async () => (await ownCallsLogged()).length >= services.length);
    expect((await ownCallsLogged()).toSorted()).toEqual(services.toSorted());
  });

  it('is refused whole when one of the four refuses its part', async () => {
    const pushes = services.map((service) => ({
      service,
      changes: [{ path: 'log.level', valueJson: service === 'eikthyrnir' ? '"loud"' : '"debug"' }],
    }));
    const request = nornen.PushSettingsRequest.fromPartial({ idempotencyKey: randomUUID(), reason: 'no', pushes });
    await expect(nornens().pushSettings(request)).rejects.toMatchObject({
      reason: 'INVALID_INPUT',
      violations: [{ field: 'eikthyrnir: log.level' }],
    });
    const { services: collected } = await nornens().collectSettings({ services: [] });
    for (const { snapshot } of collected) {
      expect(snapshot?.settings.find(({ path }) => path === 'log.level')?.valueJson).not.toBe('"debug"');
    }
  });
});

describe('a service that calls one which starts after it', () => {
  it('finds it on a free port: Eikthyrnir asks this market’s Njörðr whose provider it is', async () => {
    const owner: MarketUser = { subject: 'otto', networkId: 'demo', roles: ['user', 'provider'] };
    const request = eikthyrnir.ListObservationsRequest.fromPartial({ providerId: open.agent.providerId });
    const own = client(eikthyrnir.QualityServiceService, 'eikthyrnir', owner);
    await waitFor(
      () =>
        own.listObservations(request).then(
          () => true,
          () => false,
        ),
      { timeoutMs: 30_000 },
    );
    const stranger = client(eikthyrnir.QualityServiceService, 'eikthyrnir', { ...owner, subject: 'mallory' });
    await expect(stranger.listObservations(request)).rejects.toMatchObject({ reason: 'NOT_FOUND' });
  });
});

/** Runs a settings command as the command line does. @returns what it prints */
async function command(name: string, ...args: string[]): Promise<string> {
  const printed: string[] = [];
  const program = new Command();
  addSettingsCommands(program, (text) => printed.push(text));
  await program.parseAsync(['settings', name, '--data-dir', open.dataDir, ...args], { from: 'user' });
  return printed.join('');
}
const at = (service: (typeof services)[number]) => ['--service', service, '--address', open.market.addresses[service]];
const because = ['--reason', 'a test', '--user', 'ada'];

describe('edda settings, of one service', () => {
  it('sets, shows and resets: value, origin, version, and what waits for a restart', async () => {
    const changed = await command('set', 'holds.ttlSeconds=800', 'database.poolSize=12', ...at('heidrun'), ...because);
    expect(changed).toMatch(/^heidrun {2}version \d+, in force since 2/);
    expect(changed).toMatch(/^ {2}holds\.ttlSeconds +800 {2}override$/m);
    expect(changed).toMatch(/^ {2}database\.poolSize +10 {2}default {2}12 waits for a restart$/m);
    expect(await command('get', 'holds.', ...at('heidrun'))).toMatch(/^ {2}holds\.ttlSeconds +800 {2}override$/m);
    const json = JSON.parse(await command('get', 'database.', '--json', ...at('heidrun'))) as object[];
    const poolSize = { path: 'database.poolSize', value: 10, default: 10, restart_required: true, pending: 12 };
    expect(json).toMatchObject([{ service: 'heidrun', settings: [poolSize] }]);
    const reset = await command('reset', 'holds.ttlSeconds', 'database.poolSize', ...at('heidrun'), ...because);
    expect(reset).toMatch(/^ {2}holds\.ttlSeconds +900 {2}default$/m);
    expect(reset).not.toContain('waits');
    expect(await command('get', '--changed', ...at('heidrun'))).not.toContain(' default');
  });

  it('checks a change without storing it, and refuses one made from an older version', async () => {
    const version = async () => Number(/version (\d+)/.exec(await command('get', ...at('nornen')))?.[1]);
    const newest = await version();
    const dry = await command('set', 'log.level=debug', '--dry-run', ...at('nornen'), ...because);
    expect(dry).toContain(`nornen  would become version ${newest + 1}`);
    expect(await version()).toBe(newest);
    const late = command('set', 'log.level=debug', '--expected-version', `${newest + 7}`, ...at('nornen'), ...because);
    const conflict = `nornen: VERSION_CONFLICT: expected_version: is ${newest + 7}, the newest is ${newest}`;
    await expect(late).rejects.toThrow(new Error(conflict));
    expect(await command('reload', ...at('nornen'))).toMatch(new RegExp(`^nornen {2}version ${newest}, `));
  });

  it('watches: the version at first, then each change', async () => {
    const printed: string[] = [];
    const stop = new AbortController();
    const { addresses } = open.market;
    const place = { dataDir: open.dataDir, portOffset: 0, host: '127.0.0.1', user: 'ada' };
    const heidrun = { ...place, service: ['heidrun' as const], address: addresses.heidrun };
    const watching = settingsWatch('holds.', heidrun, (text) => printed.push(text), stop.signal);
    await waitFor(() => printed.length === 1);
    expect(printed[0]).toMatch(/^heidrun {2}version \d+, in force since [^\n]+\n$/);
    await command('set', 'holds.ttlSeconds=850', ...at('heidrun'), ...because);
    await waitFor(() => printed.length === 2);
    expect(printed[1]).toMatch(/^heidrun {2}version \d+, [^\n]+\n {2}holds\.ttlSeconds {2}850 {2}override\n$/);
    await command('reset', 'holds.ttlSeconds', ...at('heidrun'), ...because);
    stop.abort();
    await watching;
  });
});

describe('edda settings, of all services through Nornen', () => {
  const all = () => ['--address', open.market.addresses.nornen];

  it('shows and changes them together', async () => {
    const set = await command('set', 'log.modules={"settings":"debug"}', ...all(), ...because);
    expect([...set.matchAll(/^(\w+) {2}version/gm)].map(([, service]) => service)).toEqual(services);
    const shown = await command('get', 'log.modules', '--changed', ...all());
    expect(shown.match(/log\.modules {2}\{"settings":"debug"\} {2}override/g)).toHaveLength(services.length);
    await command('reset', 'log.modules', ...all(), ...because);
    expect(await command('get', 'log.modules', ...all())).not.toContain('override');
  });

  it.each([
    ['an unknown setting', ['holds.ttl=1'], 'heidrun: holds.ttl: no such setting'],
    ['a wrong value', ['log.level=loud'], 'njordr: log.level: '],
  ])('says %s on one line with service and field, and changes nothing', async (_, changes, problem) => {
    const before = await command('get', '--changed', '--json', ...all());
    const refused = await command('set', ...changes, ...all(), ...because).catch((error: unknown) => error);
    const { message } = refused as Error;
    expect(message).toMatch(/^INVALID_INPUT: /);
    expect(message).toContain(problem);
    expect(message).not.toContain('\n');
    expect(await command('get', '--changed', '--json', ...all())).toBe(before);
  });

  it('ends with 1 and one line where nobody listens, or nothing matches', async () => {
    const away = ['--address', `127.0.0.1:${await freePort()}`, '--data-dir', open.dataDir];
    const unreachable = await edda(open.dataDir, 'settings', 'get', ...away).ended;
    expect(unreachable).toMatchObject({ code: 1, stdout: '' });
    expect(unreachable.stderr).toMatch(/^edda: nornen: DEPENDENCY_UNAVAILABLE: [^\n]+\n$/);
    await expect(command('get', 'nosuch', ...all())).rejects.toThrow('nosuch: no setting begins with this');
  });
});
