import { silentLogger } from '@edda/telemetry';
import { run } from '../../src/run.ts';

/** A replica in a process of its own, so that a test can stop it: its options come as a message, its ports go back. */
process.once('message', (options: Parameters<typeof run>[0]) => {
  void (async () => {
    const service = await run({ ...options, logger: silentLogger() });
    process.send?.(service.ports);
    process.once('SIGTERM', () => void service.close().finally(() => process.exit()));
  })();
});
// Whoever started it is gone.
process.once('disconnect', () => process.exit(1));
