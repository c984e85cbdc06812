import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { eikthyrnir, nornen, settings } from '@edda/contracts';
import { type RpcService } from '@edda/grpc-kit';
import { waitFor } from '@edda/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientOf, type MarketUser, tokensOf } from '../src/market/market-user.ts';
import { openTestMarket, type TestMarket } from './market-setup.ts';

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
