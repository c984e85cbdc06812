import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { njordr } from '@edda/contracts';
import { afterEach, expect, it, onTestFinished } from 'vitest';
import { createMarketKeys, startFakeMarket } from './fake-market.ts';

let stop: (() => Promise<unknown>) | undefined;
afterEach(() => stop?.());

it.each(['--settings', 'EDDA_SETTINGS'])(
  'as a program: starts from a settings file named by %s and a token file, finishes its job on SIGTERM, exits 0, and has logged to its file',
  async (how) => {
    const keys = await createMarketKeys();
    const market = await startFakeMarket({ keys });
    stop = market.close;
    const folder = await mkdtemp(join(tmpdir(), 'edda-agent-'));
    await writeFile(join(folder, 'token'), `${await keys.token()}\n`);
    const settings = {
      market: { address: market.address, tokenFile: join(folder, 'token') },
      provider: { deviceId: 'attic' },
      upstream: { builtin: { tokensPerSecond: 100 } },
      operations: { enabled: false },
      log: { file: { path: join(folder, 'agent.log') } },
    };
    await writeFile(join(folder, 'settings.json'), JSON.stringify(settings));
    const settingsFile = join(folder, 'settings.json');
    const program = join(import.meta.dirname, '..', 'src', 'main.ts');
    const child = spawn(process.execPath, how === '--settings' ? [program, how, settingsFile] : [program], {
      env: { ...process.env, ...(how === 'EDDA_SETTINGS' && { [how]: settingsFile }) },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const printed = text(child.stdout);
    const exited = once(child, 'exit');
    onTestFinished(() => void child.kill('SIGKILL'));
    const connection = await market.connection();
    const messages = [{ role: 'user', content: 'Hello' }];
    const value = { jobId: 'j', attempt: 1, model: 'builtin-ngram', messages, maxOutputTokens: 40n, seed: 1n };
    connection.send({ $case: 'job', value: njordr.Job.fromPartial(value) });
    await connection.next('chunk');
    child.kill('SIGTERM');
    await connection.next('drain');
    expect(await exited).toEqual([0, null]);
    expect(connection.all('done')).toHaveLength(1);
    expect(await printed).toBe('');
    const logged = (await readFile(join(folder, 'agent.log'), 'utf8')).trim().split('\n');
    expect(logged.map((line) => JSON.parse(line) as object)).toContainEqual(
      expect.objectContaining({ service: 'vedrfolnir', module: 'link' }),
    );
  },
);
