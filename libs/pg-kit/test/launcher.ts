import { startEmbeddedPostgres } from '../src/index.ts';
import { quiet } from './quiet.ts';

// A launcher for the tests to kill: prints what it started, then stays.
const server = await startEmbeddedPostgres({ dataDir: process.argv[2] ?? '', logger: quiet });
const hooks = ['SIGINT', 'SIGTERM', 'SIGHUP', 'exit', 'beforeExit', 'uncaughtException'];
console.log(
  JSON.stringify({
    pid: server.pid,
    port: server.port,
    listeners: hooks.map((name) => process.listenerCount(name)),
  }),
);
setInterval(() => undefined, 60_000);
