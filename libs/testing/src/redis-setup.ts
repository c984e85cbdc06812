import { type TestProject } from 'vitest/node';
import { acquireRedis } from './shared-redis.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The Redis of this test run; empty where there is none, and its suites are left out. */
    redisUrl: string;
  }
}

/**
 * Vitest globalSetup: one Redis per run, however many projects ask for it.
 * @throws where CI is set and there is none: nothing may be left out there
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { url, release } = await acquireRedis();
  project.provide('redisUrl', url ?? '');
  if (url === undefined) sayWhatIsLeftOut(project.name);
  return release;
}

function sayWhatIsLeftOut(project: string): void {
  const text =
    `NOT RUN: the suites of ${project} against a real Redis. Set TEST_REDIS_URL, or TEST_REDIS=containers where Docker ` +
    'answers, or put redis-server on the PATH.';
  if (process.env['CI']) throw new Error(text);
  process.stderr.write(`\n${'!'.repeat(80)}\n${text}\n${'!'.repeat(80)}\n\n`);
}
