import { type PostgresServer, startPostgresServer } from './postgres-server.ts';

interface Shared {
  users: number;
  server: Promise<PostgresServer>;
}

/** Vitest loads each project's globalSetup in a module graph of its own, so what they share hangs on the process. */
const SHARED = Symbol.for('edda.testing.postgres');
const holder = globalThis as { [SHARED]?: Shared };

/** Takes a share in this process's PostgreSQL, which starts with the first taker and stops with the last release. */
export async function acquirePostgres(
  start: () => Promise<PostgresServer> = startPostgresServer,
): Promise<{ adminUrl: string; release: () => Promise<void> }> {
  const shared = (holder[SHARED] ??= { users: 0, server: start() });
  shared.users += 1;
  const release = async (): Promise<void> => {
    shared.users -= 1;
    if (shared.users > 0) return;
    if (holder[SHARED] === shared) delete holder[SHARED];
    await (await shared.server).stop();
  };
  try {
    const { adminUrl } = await shared.server;
    let released: Promise<void> | undefined;
    return { adminUrl, release: () => (released ??= release()) };
  } catch (error) {
    if (holder[SHARED] === shared) delete holder[SHARED];
    throw error;
  }
}
