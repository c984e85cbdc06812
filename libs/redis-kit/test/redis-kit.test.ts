import { randomUUID } from 'node:crypto';
import { createMetrics, silentLogger } from '@edda/telemetry';
import type {} from '@edda/testing/redis-setup';
import { afterAll, describe, inject } from 'vitest';
import { createInProcessKit, createInProcessServer, createRedisKit, type RedisKit } from '../src/index.ts';
import { describeKit } from './kit-contract.ts';

const opened: RedisKit[] = [];
afterAll(() => Promise.all(opened.map((kit) => kit.close())));

const server = createInProcessServer();
describeKit('in process', async () => {
  const kit = createInProcessKit({ server });
  opened.push(kit);
  return kit;
});

const url = inject('redisUrl');
describe.skipIf(url === '')('over Redis', () => {
  const name = `kit-${randomUUID()}`;
  describeKit('Redis', async () => {
    const metrics = createMetrics({ service: name, processMetrics: false });
    // A busy machine may pause for a second; what a slow answer means is tested elsewhere.
    const kit = await createRedisKit({ url, name, metrics, logger: silentLogger(), deadlineMs: 10_000 });
    opened.push(kit);
    return kit;
  });
});
