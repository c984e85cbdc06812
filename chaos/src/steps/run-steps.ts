import { setTimeout as sleep } from 'node:timers/promises';
import { verifyMarket } from '../verify/verify-market.ts';
import { killAt } from './kill-at.ts';
import { openKillWorld } from './kill-world.ts';
import { steps, victims } from './steps.ts';

const settledWithinMs = 120_000;

/** Every part killed at every step, one after the other in one market. @returns the exit code */
export async function runSteps({ only, log }: { only: string; log: (line: string) => void }): Promise<0 | 1> {
  const { world, wanted, wallets } = await openKillWorld();
  const pairs = steps.flatMap((step) => victims.map((victim) => ({ step, victim, name: `${victim} at ${step}` })));
  let failed = 0;
  try {
    for (const { step, victim, name } of pairs.filter((pair) => pair.name.includes(only))) {
      const startedAt = performance.now();
      const said = await killAt(world, victim, step, wanted(name)).then(
        ({ first, last, retries }) => {
          if (first.receipt !== undefined && first.receipt.transactionId !== last.receipt?.transactionId) failed += 1;
          const was = first.receipt === undefined ? (first.fault?.reason ?? 'no receipt') : 'answered';
          return `${was}; after ${retries} more calls ${last.replayed ? 'the same' : 'a new'} answer`;
        },
        (error: unknown) => {
          failed += 1;
          return `FAILED: ${String(error)}`;
        },
      );
      log(`${name.padEnd(60)} ${((performance.now() - startedAt) / 1_000).toFixed(1).padStart(5)} s  ${said}`);
    }
    let violations = await verifyMarket(world, wallets).catch((error: unknown) => [String(error)]);
    for (const until = performance.now() + settledWithinMs; violations.length > 0 && performance.now() < until;) {
      await sleep(500);
      violations = await verifyMarket(world, wallets).catch((error: unknown) => [String(error)]);
    }
    log(`failed ${failed}, violations ${violations.length}`);
    for (const violation of violations) log(`  ${violation}`);
    return failed + violations.length === 0 ? 0 : 1;
  } finally {
    await world.close();
  }
}
