import { settings as contract } from '@edda/contracts';
import { createTestDatabases, waitFor } from '@edda/testing';
import { afterAll, expect, it } from 'vitest';
import { type Probe, redisUrl, startProbe, update, valueOf } from './settings-service.test-support.ts';

const databases = createTestDatabases({ name: 'settings_log' });
afterAll(() => databases.dropAll());

const { path: method } = contract.SettingsServiceService.getSettings;
/** Every call leaves a line of the module `grpc` at the level info. */
const linesOf = ({ log }: Probe) => log.records.filter((line) => line.msg === 'call' && line.method === method).length;
const call = ({ admin }: Probe) => admin.getSettings({ pathPrefix: 'log.' });
const levelsIn = async ({ served }: Probe) =>
  valueOf((await served.getSettings({ pathPrefix: 'log.' })).snapshot, 'log.modules');

it.skipIf(redisUrl === undefined)(
  'levels changed while the service runs change what every replica logs, also to a log that was given, and back',
  async () => {
    const db = await databases.create();
    const replicas = [await startProbe(db), await startProbe(db)] as const;
    const [one, other] = replicas;
    const allHave = (levels: object) =>
      waitFor(async () => {
        const found = await Promise.all(replicas.map(levelsIn));
        return found.every((value) => JSON.stringify(value) === JSON.stringify(levels));
      });
    const eachLogged = (lines: number) => waitFor(() => replicas.every((replica) => linesOf(replica) === lines));

    await Promise.all(replicas.map(call));
    await eachLogged(1);
    await one.admin.updateSettings(update({ 'log.modules': { grpc: 'warn' } }));
    await allHave({ grpc: 'warn' });
    await Promise.all(replicas.map(call));
    await other.admin.updateSettings(update({ 'log.modules': undefined }));
    await allHave({});
    await Promise.all(replicas.map(call));
    // Had the second calls left a line, there would be three.
    await eachLogged(2);
    expect(one.log.records.some(({ msg }) => msg === 'settings changed')).toBe(true);
  },
);
