import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestProject } from 'vitest/node';
import { startEmbeddedPostgres } from '../src/index.ts';
import { quiet } from './quiet.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    pgKitAdminUrl: string;
  }
}

/** One server for this suite. The testing package builds on this one, so it cannot be used here. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env['TEST_POSTGRES_URL'];
  if (given) {
    project.provide('pgKitAdminUrl', given);
    return async () => undefined;
  }
  if (process.env['TEST_POSTGRES'] === 'containers') {
    const { PostgreSqlContainer } = await import('@testcontainers/postgresql');
    const container = await new PostgreSqlContainer('postgres:18-bookworm').withDatabase('postgres').start();
    project.provide('pgKitAdminUrl', container.getConnectionUri());
    return async () => void (await container.stop());
  }
  const dataDir = await mkdtemp(join(tmpdir(), 'edda-pg-kit-'));
  const server = await startEmbeddedPostgres({ dataDir, logger: quiet, settings: { fsync: 'off' } });
  project.provide('pgKitAdminUrl', server.superuserUrl);
  return async () => {
    await server.stop();
    await rm(dataDir, { recursive: true });
  };
}
