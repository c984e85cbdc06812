import { njordr } from '@edda/contracts';
import { describe, expect, it } from 'vitest';
import { agent, market } from './agent-setup.ts';

describe('registration', () => {
  it('registers an unknown device once, and connects as what it was registered', async () => {
    const at = await market();
    await agent(at, { provider: { register: true, sharing: 'public' } });
    const connection = await at.connection();
    await connection.next('hello');
    expect(connection.received[0]?.providerId).toBe('prv_new');
    expect(at.registrations).toHaveLength(1);
    expect(at.registrations[0]).toMatchObject({
      deviceId: 'attic',
      configuration: { displayName: 'attic', sharing: { scope: njordr.SharingScope.PUBLIC } },
    });
    expect(at.registrations[0]?.idempotencyKey).toMatch(/^vedrfolnir-[0-9a-f]{48}$/);
  });

  it('takes the provider the device already is', async () => {
    const known = { providerId: 'prv_old', deviceId: 'attic', status: njordr.ProviderStatus.ACTIVE };
    const at = await market({ providers: [njordr.Provider.fromPartial(known)] });
    await agent(at, { provider: { register: true } });
    const connection = await at.connection();
    await connection.next('hello');
    expect(connection.received[0]?.providerId).toBe('prv_old');
    expect(at.registrations).toHaveLength(0);
  });

  it('resubmits a rejected one under another key', async () => {
    const rejected = { providerId: 'prv_old', deviceId: 'attic', status: njordr.ProviderStatus.REJECTED, version: 3n };
    const at = await market({ providers: [njordr.Provider.fromPartial(rejected)] });
    const fresh = await market();
    await agent(at, { provider: { register: true } });
    await agent(fresh, { provider: { register: true } });
    await Promise.all([at.connection(), fresh.connection()]);
    expect(at.registrations[0]?.idempotencyKey).not.toBe(fresh.registrations[0]?.idempotencyKey);
  });
});
