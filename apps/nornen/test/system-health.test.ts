import { nornen } from '@edda/contracts';
import { afterAll, describe, expect, it } from 'vitest';
import { type Caller, databases, startNornen } from './support/start-nornen.ts';
import { peerDatabases, startPeer } from './support/start-peer.ts';

afterAll(() => Promise.all([databases.dropAll(), peerDatabases.dropAll()]));

const nobody = '127.0.0.1:0';

/** Nornen with Heidrun beside it; the other two are down. */
async function startTwo() {
  const heidrun = await startPeer('heidrun');
  const peers = { njordr: nobody, heidrun: heidrun.address, eikthyrnir: nobody };
  const service = await startNornen({ settings: { peers } });
  const ada: Caller = { roles: ['admin'], subject: 'ada', networkId: 'net-1' };
  return { heidrun, admin: service.client(nornen.AdminServiceService, ada) };
}

describe('GetSystemHealth', () => {
  it('tells of every service whether it is ready, how fast it answered and else why not', async () => {
    const { admin } = await startTwo();
    const { healthy, services } = await admin.getSystemHealth({});
    expect(healthy).toBe(false);
    expect(services.map(({ service, ready }) => [service, ready])).toEqual([
      ['njordr', false],
      ['heidrun', true],
      ['eikthyrnir', false],
      ['nornen', true],
    ]);
    expect(services[0]).toMatchObject({
      latencyMs: undefined,
    });
    expect(services[0]?.detail).toMatch(/^DEPENDENCY_UNAVAILABLE/);
    expect(services[1]?.latencyMs).toBeGreaterThanOrEqual(0);
    expect(services[1]?.checks).toEqual([
      { name: 'serving', ok: true },
      { name: 'database', ok: true },
    ]);
  });

  it('says that a service is gone as soon as it is', async () => {
    const { admin, heidrun } = await startTwo();
    await admin.getSystemHealth({});
    await heidrun.close();
    const { services } = await admin.getSystemHealth({});
    expect(services[1]).toMatchObject({ service: 'heidrun', ready: false });
  });
});
