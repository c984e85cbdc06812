import { expect, it } from 'vitest';
import { createCloseStack } from './close-stack.ts';

it('closes once, however often it is asked, and every caller waits for the same end', async () => {
  const stack = createCloseStack({ warn: () => undefined });
  const gate = Promise.withResolvers<void>();
  let closed = 0;
  stack.add('part', async () => {
    await gate.promise;
    closed += 1;
  });
  const both = Promise.all([stack.close(), stack.close()]);
  expect(closed).toBe(0);
  gate.resolve();
  await both;
  expect(closed).toBe(1);
});
