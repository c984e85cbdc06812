import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Fault } from '@edda/faults';
import { describe as group, expect, it } from 'vitest';
import { describe } from './run-main.ts';

const kit = join(import.meta.dirname, 'index.ts');
const faults = join(import.meta.dirname, '../../faults/src/index.ts');

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a service whose `run` has this body. `on` is called with each text from its standard output. */
function main(
  body: string,
  options: { env?: object; args?: string[]; on?: (text: string, kill: (s: NodeJS.Signals) => void) => void } = {},
) {
  const file = join(mkdtempSync(join(tmpdir(), 'run-main-')), 'main.ts');
  writeFileSync(
    file,
    `import { runMain } from ${JSON.stringify(kit)};
     import { invalidInput } from ${JSON.stringify(faults)};
     const secrets = { TOKEN_X: { description: 'What it is for.', required: true } } as const;
     await runMain({ service: 'probe', secrets, run: async (options) => { void invalidInput; ${body} } });`,
  );
  return new Promise<Ended>((resolve) => {
    const env = { PATH: process.env['PATH'], TOKEN_X: 'x', ...options.env };
    const child = spawn(process.execPath, [file, ...(options.args ?? [])], { env });
    const out = { stdout: '', stderr: '' };
    child.stdout.on('data', (text: Buffer) => {
      out.stdout += String(text);
      options.on?.(String(text), (signal) => void child.kill(signal));
    });
    child.stderr.on('data', (text: Buffer) => (out.stderr += String(text)));
    child.on('close', (code) => resolve({ code, ...out }));
  });
}

const running = `setInterval(() => undefined, 1_000); console.log('up');`;

group('runMain', () => {
  it('names every missing secret and what it is for, without a stack trace', async () => {
    const { code, stdout, stderr } = await main('throw new Error("never run")', { env: { TOKEN_X: '' } });
    expect(stderr).toBe(
      'probe could not start: SECRET_MISSING: missing in the environment: TOKEN_X\n  TOKEN_X: What it is for.\n',
    );
    expect([code, stdout]).toEqual([1, '']);
  });

  it('names every wrong field', async () => {
    const { code, stderr } = await main(`throw invalidInput([{ field: 'grpc.port', description: 'must be a port' }]);`);
    expect(stderr).toBe(
      'probe could not start: INVALID_INPUT: grpc.port: must be a port\n  grpc.port: must be a port\n',
    );
    expect(code).toBe(1);
  });

  it('ends although a failed start left something open', async () => {
    const { code, stderr } = await main(`${running} throw new Error('no database');`);
    expect([code, stderr]).toEqual([1, 'probe could not start: no database\n']);
  });

  it('takes the settings file from the command line before the environment', async () => {
    const body = `console.log(options.settingsFile, options.secrets.TOKEN_X); return { ports: {}, close: async () => {} };`;
    const env = { EDDA_SETTINGS: '/env.json' };
    expect(await main(body, { env })).toMatchObject({ code: 0, stdout: '/env.json x\n' });
    expect(await main(body, { env, args: ['--settings', '/cli.json'] })).toMatchObject({ stdout: '/cli.json x\n' });
  });

  it('refuses an unknown option', async () => {
    const { code, stderr } = await main('', { args: ['--setings', 'x'] });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^probe could not start: Unknown option '--setings'/);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('closes in order on %s', async (signal) => {
    const body = `${running} return { ports: {}, close: async () => console.log('closed') };`;
    const ended = await main(body, { on: (text, kill) => void (text.includes('up') && setTimeout(kill, 50, signal)) });
    expect(ended).toEqual({ code: 0, stdout: 'up\nclosed\n', stderr: '' });
  });

  it('a second signal ends it at once', async () => {
    const body = `${running} return { ports: {}, close: () => { console.log('closing'); return new Promise(() => {}); } };`;
    const ended = await main(body, {
      on: (text, kill) => {
        if (text.includes('up')) setTimeout(kill, 50, 'SIGTERM');
        if (text.includes('closing')) kill('SIGTERM');
      },
    });
    expect(ended.code).toBe(1);
  });
});

group('describe', () => {
  it('says what a refused connection to several addresses was', () => {
    const each = ['::1', '127.0.0.1'].map((address) => new Error(`connect ECONNREFUSED ${address}:5432`));
    expect(describe(new AggregateError(each))).toBe(
      'connect ECONNREFUSED ::1:5432; connect ECONNREFUSED 127.0.0.1:5432',
    );
  });

  it('tells the cause, which is what an operator can act on', () => {
    const fault = new Fault('precondition', 'MIGRATION_FAILED', 'migration x failed', {
      cause: new Error('syntax error'),
    });
    expect(describe(fault)).toBe('MIGRATION_FAILED: migration x failed\n  caused by: syntax error');
  });

  it('never says nothing', () => {
    expect(describe(Object.assign(new Error(''), { code: 'ETIMEDOUT' }))).toBe('ETIMEDOUT');
    expect(describe(new TypeError(''))).toBe('TypeError');
    expect(describe('text')).toBe('text');
  });
});
