import { createSettings } from '@edda/settings';
import { describe, expect, it } from 'vitest';
import { settingsSchema } from './settings.ts';

const load = (overrides: object) => createSettings({ schema: settingsSchema, overrides });

describe('Heidrun’s settings', () => {
  it('hold for 15 minutes and take 15 % by default', async () => {
    const settings = await load({});
    expect(settings.current()).toMatchObject({
      holds: { ttlSeconds: 900 },
      commission: { rateBps: 1_500 },
      currency: 'EUR',
    });
    settings.close();
  });

  it('refuse a hold that may expire before its request is recovered', async () => {
    const holds = { ttlSeconds: 700, requestDeadlineSeconds: 600, recoveryMarginSeconds: 101 };
    await expect(load({ holds })).rejects.toMatchObject({ violations: [{ field: 'holds.ttlSeconds' }] });
    (await load({ holds: { ...holds, recoveryMarginSeconds: 100 } })).close();
  });

  it('refuse a commission outside 10 to 15 %', async () => {
    for (const rateBps of [999, 1_501]) {
      await expect(load({ commission: { rateBps } })).rejects.toMatchObject({
        violations: [{ field: 'commission.rateBps' }],
      });
    }
  });
});
