import { type TestProject } from 'vitest/node';
import { acquirePostgres } from './shared-postgres.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A superuser's URL on the PostgreSQL of this test run. */
    postgresAdminUrl: string;
  }
}

/** Vitest globalSetup: one PostgreSQL per run, however many projects ask for it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { adminUrl, release } = await acquirePostgres();
  project.provide('postgresAdminUrl', adminUrl);
  return release;
}
