import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '@edda/pg-kit';
import { silentLogger } from './silent-logger.ts';

export interface PostgresServer {
  adminUrl: string;
  stop: () => Promise<void>;
}

/** Tests lose nothing in a crash, so durability is switched off: suites run several times faster. */
const fastSettings = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '300',
  shared_buffers: '128MB',
};

/**
 * The PostgreSQL that tests use: `TEST_POSTGRES_URL` if set; with `TEST_POSTGRES=containers` a container of
 * postgres:18-bookworm; else the embedded binaries in a temporary folder.
 */
export async function startPostgresServer(env: NodeJS.ProcessEnv = process.env): Promise<PostgresServer> {
  const url = env['TEST_POSTGRES_URL'];
  if (url) return { adminUrl: url, stop: async () => undefined };
  if (env['TEST_POSTGRES'] === 'containers') return startContainer();
  return startEmbedded();
}

async function startContainer(): Promise<PostgresServer> {
  const { PostgreSqlContainer } = await import('@testcontainers/postgresql');
  const flags = Object.entries(fastSettings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const container = await new PostgreSqlContainer('postgres:18-bookworm')
    .withDatabase('postgres')
    .withCommand(['postgres', ...flags])
    .start();
  return { adminUrl: container.getConnectionUri(), stop: async () => void (await container.stop()) };
}

async function startEmbedded(): Promise<PostgresServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'edda-postgres-'));
  const server = await startEmbeddedPostgres({ dataDir, logger: silentLogger, settings: fastSettings });
  return {
    adminUrl: server.superuserUrl,
    async stop() {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
