import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { misnamedMetrics, type TestDatabase, waitFor } from '@edda/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databases, observed, startService } from './support/start-service.ts';

const settingsFile = join(mkdtempSync(join(tmpdir(), 'eikthyrnir-settings-')), 'settings.json');
const configure = (settings: object) => writeFileSync(settingsFile, JSON.stringify(settings));
let db: TestDatabase;
let running: Awaited<ReturnType<typeof startService>>;

beforeAll(async () => {
  configure({ quality: { halfLifeHours: 24 } });
  db = await databases.create();
  running = await startService(db.url, {}, settingsFile);
});
afterAll(async () => {
  await running.close();
  await databases.dropAll();
});

const record = (key: string, observations: ReturnType<typeof observed>[]) =>
  running.client('service', 'njordr').recordObservations({ idempotencyKey: key, observations });
const countOf = async (providerId: string) =>
  (await running.client('user').getQuality({ providerId, model: 'm-1' })).qualities[0]?.effectiveCount ?? 0;

describe('run', () => {
  it('a changed half-life rules ageing from each figure’s latest observation on, at once and without a restart', async () => {
    await record('half-life', [observed({ providerId: 'p-hl', occurredAt: new Date(Date.now() - 24 * 3_600_000) })]);
    expect(await countOf('p-hl')).toBeCloseTo(0.5, 3);
    configure({ quality: { halfLifeHours: 12 } });
    await waitFor(async () => Math.abs((await countOf('p-hl')) - 0.25) < 0.001);
    configure({ quality: { halfLifeHours: -1 } });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await countOf('p-hl')).toBeCloseTo(0.25, 3);
  });

  it('counts observations, duplicates, batch sizes and watchers, and says it is ready', async () => {
    const observation = observed({ providerId: 'p-metrics' });
    await record('metrics-1', [observation]);
    await record('metrics-2', [observation, observed({ providerId: 'p-metrics' })]);
    const operations = `http://127.0.0.1:${running.service.ports['operations']}`;
    const text = await (await fetch(`${operations}/metrics`)).text();
    expect(text).toMatch(/edda_eikthyrnir_observations_total\{[^}]*result="accepted"[^}]*\} 3/);
    expect(text).toMatch(/edda_eikthyrnir_observations_total\{[^}]*result="duplicate"[^}]*\} 1/);
    expect(text).toMatch(/edda_eikthyrnir_batch_items_count\{[^}]*\} 3/);
    expect(misnamedMetrics(text, 'eikthyrnir')).toEqual([]);
    expect(text).toMatch(/edda_eikthyrnir_watchers\{[^}]*\} 0/);
    expect((await fetch(`${operations}/readyz`)).status).toBe(200);
  });

  it('refuses a retention that would forget ids still taken', async () => {
    const settings = { observations: { retentionDays: 7, maxAgeHours: 168 } };
    await expect(startService(db.url, settings)).rejects.toMatchObject({
      violations: [{ field: 'observations.retentionDays' }],
    });
  });
});
