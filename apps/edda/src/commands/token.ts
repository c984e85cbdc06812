import { createTokenMinter, type Role } from '@edda/grpc-kit';
import { openDataFolder } from '../data/data-folder.ts';

export interface TokenOptions {
  dataDir: string;
  role: Role[];
  user: string;
  network: string;
  /** Seconds. */
  ttl: number;
}

/** Prints a bearer token, alone on its line, so that `$(edda token)` can be used in scripts. */
export async function token(options: TokenOptions): Promise<void> {
  const folder = await openDataFolder(options.dataDir);
  const minter = createTokenMinter({ privateJwkFile: folder.signingKeyFile, issuer: 'edda' });
  const { user: subject, network: networkId, role: roles, ttl: ttlSeconds } = options;
  process.stdout.write(`${await minter.mint({ subject, networkId, roles, ttlSeconds })}\n`);
}
