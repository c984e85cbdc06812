import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTokenMinter, createTokenVerifier } from '@edda/grpc-kit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDataFolder } from './data-folder.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'edda-data-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe('openDataFolder', () => {
  it('makes keys whose tokens its public keys verify', async () => {
    const folder = await openDataFolder(root);
    const token = await createTokenMinter({ privateJwkFile: folder.signingKeyFile, issuer: 'edda' }).mint({
      subject: 'ada',
      networkId: 'n',
      roles: ['user'],
      ttlSeconds: 60,
    });
    const verifier = createTokenVerifier({ jwksFile: folder.jwksFile, issuer: 'edda' });
    expect(await verifier.verify(token)).toMatchObject({ subject: 'ada', networkId: 'n' });
  });

  it('keeps keys and secrets when opened again', async () => {
    const first = await openDataFolder(root);
    const key = await readFile(first.signingKeyFile, 'utf8');
    const second = await openDataFolder(root);
    expect(await readFile(second.signingKeyFile, 'utf8')).toBe(key);
    expect(second.secrets).toEqual(first.secrets);
  });

  it('shows private files to their owner only, and no private part in the public keys', async () => {
    const folder = await openDataFolder(root);
    for (const file of [folder.signingKeyFile, join(root, 'keys/secrets.json')]) {
      expect((await stat(file)).mode & 0o077).toBe(0);
    }
    const { keys } = JSON.parse(await readFile(folder.jwksFile, 'utf8')) as { keys: object[] };
    expect(keys).toHaveLength(1);
    expect(keys[0]).not.toHaveProperty('d');
  });

  it('makes 256-bit encryption keys, each named', async () => {
    const { secrets } = await openDataFolder(root);
    for (const value of [secrets.paymentKeys, secrets.resultKeys]) {
      const [id, key] = value.split(':');
      expect(id).toBe('k1');
      expect(Buffer.from(key ?? '', 'base64')).toHaveLength(32);
    }
    expect(secrets.paymentKeys).not.toBe(secrets.resultKeys);
  });

  it('makes nothing in a read-only folder', async () => {
    await expect(openDataFolder(join(root, 'absent'), { readOnly: true })).rejects.toThrow(/ENOENT/);
    await expect(stat(join(root, 'absent'))).rejects.toThrow(/ENOENT/);
  });
});
