import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { invariants, migrationsDirectory } from '@edda/app-heidrun/store';
import { createPool, migrate, startEmbeddedPostgres } from '@edda/pg-kit';
import { createCloseStack } from '@edda/service-kit';
import { createLogger } from '@edda/telemetry';
import { type Pool } from 'pg';
import { loadResult } from '../../load/latencies.ts';
import { runChild } from '../../processes/run-child.ts';
import { type MoneyStore, openBatched } from './batched.ts';
import { openInteractive } from './interactive.ts';
import { type MoneyInput, type MoneyLoad } from './money-load.ts';
import { seed } from './seed.ts';

/** One side: a durable PostgreSQL of its own and a store on it. */
runChild(async ({ side, wallets }: MoneyInput) => {
  const logger = createLogger({ service: 'bench', level: 'warn' });
  const folder = await mkdtemp(join(tmpdir(), 'edda-bench-'));
  const stack = createCloseStack(logger);
  stack.add('folder', () => rm(folder, { recursive: true, force: true }));
  try {
    // Where root runs the benchmark, PostgreSQL runs as another user, who must be able to pass.
    await chmod(folder, 0o711);
    const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres'), logger });
    stack.add('PostgreSQL', () => postgres.stop());
    const url = await postgres.ensureDatabase('heidrun', 'heidrun');
    const pool = createPool({ url, name: 'bench', logger, pipeline: side === 'batched' });
    stack.add('pool', () => pool.end());
    await migrate({ pool, directory: migrationsDirectory, logger });
    await seed(pool, wallets);
    const store = side === 'batched' ? openBatched(pool) : openInteractive(pool);
    stack.add('store', () => store.close());
    return {
      ready: {},
      answers: { run: (load: MoneyLoad) => drive(store, wallets, load), violations: () => violations(pool) },
      close: () => stack.close(),
    };
  } catch (error) {
    await stack.close();
    throw error;
  }
});

/** Closed loops: each begins its next lifecycle when the one before is done. */
async function drive(store: MoneyStore, wallets: number, { ms, concurrency }: MoneyLoad) {
  const latencies: number[] = [];
  const startedAt = performance.now();
  let count = 0;
  const loop = async () => {
    for (let now = performance.now(); now < startedAt + ms; now = performance.now()) {
      const lifecycle = count++;
      await store.lifecycle(lifecycle % wallets, lifecycle);
      latencies.push(performance.now() - now);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, loop));
  return loadResult(latencies, (performance.now() - startedAt) / 1_000);
}

/** How many of the ledger's invariants do not hold, over all rows. */
async function violations(pool: Pool): Promise<number> {
  let found = 0;
  for (const { sql } of invariants) {
    const values = sql.includes('$2') ? [100, new Date(Date.now() - 60_000)] : [100];
    found += (await pool.query(sql, values)).rowCount ?? 0;
  }
  return found;
}
