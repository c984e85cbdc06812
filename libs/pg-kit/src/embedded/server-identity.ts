import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { pgKitFaults } from '../faults.ts';

const run = promisify(execFile);

/** The system user PostgreSQL runs as; undefined means: as ourselves. */
export type ServerIdentity = { uid: number; gid: number } | undefined;

/**
 * PostgreSQL refuses to run as root, so root hands it to the system user `postgres`, created if missing.
 * @throws EMBEDDED_POSTGRES_UNSUPPORTED when that user can neither be found nor created
 */
export async function serverIdentity(uid = process.getuid?.()): Promise<ServerIdentity> {
  if (uid !== 0) return undefined;
  const known = await lookUp();
  if (known) return known;
  try {
    await run('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', 'postgres']);
  } catch {
    // Busybox systems (Alpine) have adduser only; a lost race against another creator ends in the look-up below.
    await run('adduser', ['-S', '-D', '-H', 'postgres']).catch(() => undefined);
  }
  const created = await lookUp();
  if (created) return created;
  throw pgKitFaults.EMBEDDED_POSTGRES_UNSUPPORTED(
    'PostgreSQL does not run as root, and the system user "postgres" could not be created. Start as another user.',
  );
}

async function lookUp(): Promise<ServerIdentity> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', 'postgres']), run('id', ['-g', 'postgres'])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return undefined;
  }
}

/**
 * Checks that the server's user may pass through every folder above `path`; a checkout below /root often fails here.
 * @throws EMBEDDED_POSTGRES_UNSUPPORTED naming the closed folder
 */
export async function assertReachable(path: string, identity: ServerIdentity): Promise<void> {
  if (!identity) return;
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const { mode, uid, gid } = await stat(folder);
    const bit = uid === identity.uid ? 0o100 : gid === identity.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) {
      throw pgKitFaults.EMBEDDED_POSTGRES_UNSUPPORTED(
        `The system user "postgres" may not enter ${folder}: run "chmod o+x ${folder}" or move the files elsewhere.`,
      );
    }
    if (folder === dirname(folder)) return;
  }
}
