import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nornen } from '@edda/contracts';
import { settingsTableSql } from '@edda/service-kit';
import { waitFor } from '@edda/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientOf, tokensOf } from '../src/market/market-user.ts';
import { openTestMarket, type TestMarket } from './market-setup.ts';

const services = ['njordr', 'heidrun', 'eikthyrnir', 'nornen'] as const;
const app = (service: string) => join(import.meta.dirname, '../..', service);
const admin = { subject: 'ada', networkId: 'demo', roles: ['admin'] } as const;

let open: TestMarket;
let collected: nornen.ServiceSettings[];
beforeAll(async () => {
  open = await openTestMarket();
  const token = tokensOf(open.market, admin);
  const client = clientOf(nornen.AdminServiceService, open.market.addresses.nornen, token, open.logger);
  try {
    await waitFor(async () => {
      ({ services: collected } = await client.collectSettings({ services: [] }));
      return collected.every(({ errorReason }) => errorReason === '');
    });
  } finally {
    client.close();
  }
}, 120_000);
afterAll(() => open.close());

describe.each(services)('the settings of %s', (service) => {
  it('are all served with a description, and all stand in its README as taking effect live or with a restart', () => {
    const readme = readFileSync(join(app(service), 'README.md'), 'utf8');
    const rows = new Map(
      [...readme.matchAll(/^\| `([\w.]+)` +\|.*\| (live|restart) +\| (.+?) +\|$/gm)].map(([, path, effect]) => [
        path,
        effect,
      ]),
    );
    const served = collected.find((each) => each.service === service)?.snapshot?.settings ?? [];
    expect(served.length).toBeGreaterThan(20);
    expect(served.filter(({ description }) => description === '')).toEqual([]);
    expect(Object.fromEntries(served.map((each) => [each.path, each.restartRequired ? 'restart' : 'live']))).toEqual(
      Object.fromEntries(rows),
    );
  });

  it('are stored in the table that the kit describes', () => {
    const migrations = join(app(service), 'prisma/migrations');
    const folders = readdirSync(migrations).filter((name) => name.endsWith('_settings'));
    expect(folders).toHaveLength(1);
    const sql = readFileSync(join(migrations, folders[0]!, 'migration.sql'), 'utf8');
    const plain = (text: string) => text.replaceAll(/--.*$/gm, '').replaceAll(/\s+/g, ' ').trim();
    expect(plain(sql)).toContain(plain(settingsTableSql));
  });
});
