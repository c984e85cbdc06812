import { createServer } from 'node:net';
import { MAX_PORT_OFFSET, standardPorts } from '../../src/market/market-ports.ts';

/** From here on no port of a market lies among those that Linux gives to outgoing connections (32,768 to 60,999). */
const FIRST = 10_950;
const STEP = 10;
const STEPS = (MAX_PORT_OFFSET - FIRST) / STEP;

/** An offset at which all ports of a market are free now; the process id keeps parallel runs apart. */
export async function freeOffset(): Promise<number> {
  for (let step = 0; step < STEPS; step += 1) {
    const offset = FIRST + STEP * ((process.pid + step) % STEPS);
    const { postgres, ...services } = standardPorts(offset);
    const wanted = [
      postgres,
      ...Object.values(services).flatMap((ports: Record<string, number>) => Object.values(ports)),
    ];
    const free = await Promise.all(wanted.map(isFree));
    if (free.every(Boolean)) return offset;
  }
  throw new Error(`no offset from ${FIRST} on leaves all ports free`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
