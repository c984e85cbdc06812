import { connect, createServer, type Socket } from 'node:net';
import { type AddressInfo } from 'node:net';
import { type Gate } from './gate.ts';
import { type Proxy } from './grpc-proxy.ts';
import { createMessageCutter } from './pg-messages.ts';

export interface PgProxyOptions {
  gate: Gate;
  /** Port of PostgreSQL on 127.0.0.1. */
  target: number;
  /** The step of a prepared statement that is about to run, without `:before` and `:after`; undefined for others. */
  statementStep: (statement: string, bind: Buffer) => string | undefined;
}

/** Between a service and PostgreSQL: sees each prepared statement run, and its result pass. */
export async function startPgProxy(options: PgProxyOptions): Promise<Proxy> {
  const sockets = new Set<Socket>();
  const server = createServer((inbound) => {
    const outbound = connect(options.target, '127.0.0.1');
    for (const [socket, other] of [
      [inbound, outbound],
      [outbound, inbound],
    ] as const) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    relay(options, inbound, outbound);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function relay({ gate, statementStep }: PgProxyOptions, inbound: Socket, outbound: Socket): void {
  /** Steps whose statements run on this connection, and have no result yet. */
  const running: string[] = [];
  const requests = createMessageCutter({ startup: true });
  void pump(inbound, outbound, async (chunk) => {
    for (const { type, body } of requests(chunk)) {
      if (type !== 'B') continue;
      const [, statement = ''] = body.toString('latin1').split('\0', 2);
      const step = statementStep(statement, body);
      if (step === undefined) continue;
      await gate.reach(`${step}:before`);
      running.push(step);
    }
  });
  const answers = createMessageCutter({ startup: false });
  void pump(outbound, inbound, async (chunk) => {
    // ReadyForQuery: what was asked for is done and, outside of a transaction, committed.
    for (const { type } of answers(chunk)) {
      if (type !== 'Z') continue;
      for (const step of running.splice(0)) await gate.reach(`${step}:after`);
    }
  });
}

async function pump(from: Socket, to: Socket, look: (chunk: Buffer) => Promise<void>): Promise<void> {
  try {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      await look(chunk);
      if (to.destroyed) return;
      if (!to.write(chunk)) await new Promise((resolve) => to.once('drain', resolve).once('close', resolve));
    }
  } catch {
    // The connection broke; its other half is closed with it.
  }
  to.destroy();
}
