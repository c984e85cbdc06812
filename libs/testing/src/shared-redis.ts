import { type RedisServer, startRedisServer } from './redis-server.ts';

interface Shared {
  users: number;
  server: Promise<RedisServer | undefined>;
}

/** Vitest loads each project's globalSetup in a module graph of its own, so what they share hangs on the process. */
const SHARED = Symbol.for('edda.testing.redis');
const holder = globalThis as { [SHARED]?: Shared };

/** Takes a share in this process's Redis, which starts with the first taker and stops with the last release. */
export async function acquireRedis(
  start: () => Promise<RedisServer | undefined> = startRedisServer,
): Promise<{ url: string | undefined; release: () => Promise<void> }> {
  const shared = (holder[SHARED] ??= { users: 0, server: start() });
  shared.users += 1;
  const release = async (): Promise<void> => {
    shared.users -= 1;
    if (shared.users > 0) return;
    if (holder[SHARED] === shared) delete holder[SHARED];
    await (await shared.server)?.stop();
  };
  try {
    const server = await shared.server;
    let released: Promise<void> | undefined;
    return { url: server?.url, release: () => (released ??= release()) };
  } catch (error) {
    if (holder[SHARED] === shared) delete holder[SHARED];
    throw error;
  }
}
