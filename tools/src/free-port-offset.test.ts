import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { freePortOffset } from './free-port-offset.ts';

it('passes over an offset at which one of the ports is taken', async () => {
  const ports = [21_000, 21_001];
  const offset = await freePortOffset(ports);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(21_001 + offset, '0.0.0.0', resolve));
  expect(await freePortOffset(ports)).toBeGreaterThan(offset);
  await new Promise((resolve) => server.close(resolve));
});
