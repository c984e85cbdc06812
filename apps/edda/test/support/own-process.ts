import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';

/** Njörðr as a process of its own, which can be killed and started again at the same address. */
export interface OwnNjordr {
  readonly address: string;
  start(): Promise<void>;
  kill(): Promise<void>;
  /** Everything it wrote so far. */
  output(): string;
}

export interface OwnNjordrOptions {
  /** For its settings file and what it writes. */
  folder: string;
  databaseUrl: string;
  signingKeyFile: string;
  jwksFile: string;
  peers: Readonly<Record<'heidrun' | 'nornen' | 'eikthyrnir', string>>;
  resultKeys: string;
}

const mainFile = join(import.meta.dirname, '../../../njordr/src/main.ts');
const readyWithinMs = 30_000;

export async function ownNjordr(options: OwnNjordrOptions): Promise<OwnNjordr> {
  const [grpc, http, operations] = await Promise.all([freePort(), freePort(), freePort()]);
  const settingsFile = join(options.folder, 'own-njordr.json');
  const settings = {
    grpc: { port: grpc },
    http: { port: http },
    operations: { port: operations },
    auth: { issuer: 'edda', jwksFile: options.jwksFile },
    peers: options.peers,
    recovery: { leaseSeconds: 1, sweepIntervalMs: 100 },
  };
  await writeFile(settingsFile, JSON.stringify(settings));
  const written: string[] = [];
  let child: ChildProcess | undefined;
  return {
    address: `127.0.0.1:${grpc}`,
    async start() {
      child = spawn(process.execPath, [mainFile, '--settings', settingsFile], {
        env: {
          PATH: process.env['PATH'],
          DATABASE_URL: options.databaseUrl,
          EDDA_SERVICE_KEY_FILE: options.signingKeyFile,
          NJORDR_RESULT_KEYS: options.resultKeys,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      for (const stream of [child.stdout, child.stderr]) {
        stream?.setEncoding('utf8').on('data', (text: string) => written.push(text));
      }
      await untilReady(`http://127.0.0.1:${operations}/readyz`, child, written);
    },
    async kill() {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
    output: () => written.join(''),
  };
}

async function untilReady(url: string, child: ChildProcess, written: readonly string[]): Promise<void> {
  const until = performance.now() + readyWithinMs;
  for (;;) {
    const ready = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
    if (ready) return;
    if (child.exitCode !== null || performance.now() > until) throw new Error(`not ready: ${written.join('')}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
