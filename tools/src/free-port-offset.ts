import { createServer } from 'node:net';

const firstOffset = 1_000;
const lastOffset = 15_000;

/** The smallest offset from 1,000 in steps of 100 at which all ports are free on this host; throws when none is. */
export async function freePortOffset(ports: readonly number[]): Promise<number> {
  for (let offset = firstOffset; offset <= lastOffset; offset += 100) {
    const free = await Promise.all(ports.map((port) => isFree(port + offset)));
    if (free.every(Boolean)) return offset;
  }
  throw new Error(`no offset up to ${lastOffset} leaves the ports ${ports.join(', ')} free`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '0.0.0.0', () => server.close(() => resolve(true)));
  });
}
