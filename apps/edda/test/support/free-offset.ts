import { createServer } from 'node:net';
import { standardPorts } from '../../src/market/market-ports.ts';

/** An offset from `first` on at which all ports of a market are free now; the process id keeps parallel runs apart. */
export async function freeOffset(first: number): Promise<number> {
  for (let offset = first + (process.pid % 1_000); offset <= 10_000; offset += 7) {
    const { postgres, ...services } = standardPorts(offset);
    const wanted = [
      postgres,
      ...Object.values(services).flatMap((ports: Record<string, number>) => Object.values(ports)),
    ];
    const free = await Promise.all(wanted.map(isFree));
    if (free.every(Boolean)) return offset;
  }
  throw new Error(`no offset from ${first} on leaves all ports free`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
