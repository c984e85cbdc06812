import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTokenMinter } from '@edda/grpc-kit';
import { openDataFolder } from '../data/data-folder.ts';

/** Lifetime of a token written for an agent, seconds: a year. */
const agentTokenSeconds = 31_536_000;

export interface KeysOptions {
  dataDir: string;
  /** The provider's owner. */
  agentToken?: string;
}

/** Makes keys and secrets where they are missing, and says where they are. */
export async function keys(options: KeysOptions): Promise<void> {
  const folder = await openDataFolder(options.dataDir);
  process.stdout.write(`signing key ${folder.signingKeyFile}\npublic keys ${folder.jwksFile}\n`);
  if (options.agentToken === undefined) return;
  const minter = createTokenMinter({ privateJwkFile: folder.signingKeyFile, issuer: 'edda' });
  const token = await minter.mint({
    subject: options.agentToken,
    networkId: 'demo',
    roles: ['user', 'provider'],
    ttlSeconds: agentTokenSeconds,
  });
  const file = join(folder.root, 'agent-token');
  await writeFile(file, token, { mode: 0o600 });
  process.stdout.write(`agent token ${file}\n`);
}
