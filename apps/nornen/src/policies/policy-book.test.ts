import { join } from 'node:path';
import { silentLogger } from '@edda/telemetry';
import { createTestDatabases } from '@edda/testing';
import { afterAll, expect, it } from 'vitest';
import { createPolicyBook } from './policy-book.ts';
import { publishExtraPolicies } from './publish-extra-policies.ts';

const databases = createTestDatabases({
  migrationsDir: join(import.meta.dirname, '../../prisma/migrations'),
  name: 'nornen_policy_book',
});
afterAll(() => databases.dropAll());

it('a refresh that is overtaken by a newer one does not bring older policies back', async () => {
  const { pool } = await databases.create();
  const read = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  let slow = true;
  // The database answers at once; this answer alone travels slowly.
  const slowOnce = new Proxy(pool, {
    get: (target, name) =>
      name !== 'query'
        ? (Reflect.get(target, name) as unknown)
        : async (text: string, values?: unknown[]) => {
            const answer = await target.query(text, values);
            if (slow && text.includes('sha256')) {
              slow = false;
              read.resolve();
              await held.promise;
            }
            return answer;
          },
  });
  const book = createPolicyBook({ pool: slowOnce, logger: silentLogger(), pollIntervalMs: () => 60_000 });
  const overtaken = book.refresh();
  await read.promise;
  const closed = { id: 'request.none', kind: 'request', rule: 'true', effect: 'deny', priority: 1 } as const;
  await publishExtraPolicies(pool, [{ ...closed, reason: 'The market is closed.' }], new Date());
  await book.refresh();
  expect(book.current()?.snapshot.version).toBe(2n);
  held.resolve();
  await overtaken;
  expect(book.current()?.snapshot.version).toBe(2n);
});
