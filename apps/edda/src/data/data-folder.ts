import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { generateSigningKeys } from '@edda/grpc-kit';

/** A market's data folder: where each thing lies, and the secrets of this market. */
export interface DataFolder {
  readonly root: string;
  /** PostgreSQL's files. */
  readonly postgres: string;
  /** Everything the services log, one JSON object a line. */
  readonly logFile: string;
  /** Public keys that verify this market's tokens. */
  readonly jwksFile: string;
  /** The private key that signs them; readable by its owner only. */
  readonly signingKeyFile: string;
  readonly secrets: MarketSecrets;
}

/** Encryption keys as `id:base64`, 256 bits each. */
export interface MarketSecrets {
  /** Seals the payment provider's tokens. */
  paymentKeys: string;
  /** Seals answers that are kept for a while. */
  resultKeys: string;
}

const secretMode = 0o600;

/** Opens a data folder; what is missing is made, what exists is never replaced. A read-only one must be complete. */
export async function openDataFolder(path: string, { readOnly = false } = {}): Promise<DataFolder> {
  const root = resolve(path);
  const keys = join(root, 'keys');
  if (!readOnly) await mkdir(keys, { recursive: true });
  const folder = {
    root,
    postgres: join(root, 'postgres'),
    logFile: join(root, 'edda.log'),
    jwksFile: join(keys, 'jwks.json'),
    signingKeyFile: join(keys, 'signing-key.json'),
  };
  if (!readOnly) await ensureSigningKey(folder.signingKeyFile, folder.jwksFile);
  const secrets = await ensureJson(join(keys, 'secrets.json'), async () => ({
    paymentKeys: newKey(),
    resultKeys: newKey(),
  }));
  return { ...folder, secrets };
}

function newKey(): string {
  return `k1:${randomBytes(32).toString('base64')}`;
}

/** The private key holds the public one: the key set is derived, so that the two always match. */
async function ensureSigningKey(signingKeyFile: string, jwksFile: string): Promise<void> {
  const privateJwk = await ensureJson(signingKeyFile, async () => (await generateSigningKeys()).privateJwk);
  const { d: _private, ...publicJwk } = privateJwk;
  await replaceFile(jwksFile, `${JSON.stringify({ keys: [publicJwk] }, null, 2)}\n`, 0o644);
}

async function ensureJson<Value>(file: string, make: () => Promise<Value>): Promise<Value> {
  const known = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (known !== undefined) return JSON.parse(known) as Value;
  const made = await make();
  await replaceFile(file, `${JSON.stringify(made, null, 2)}\n`, secretMode);
  return made;
}

/** Whole or not at all, whenever the process dies. */
export async function replaceFile(file: string, content: string, mode: number): Promise<void> {
  const aside = `${file}.${process.pid}`;
  await writeFile(aside, content, { mode });
  await chmod(aside, mode);
  await rename(aside, file);
}
