import { randomUUID } from 'node:crypto';
import { createMetrics, silentLogger } from '@edda/telemetry';
import { type PaymentDeps, type PaymentSettings } from '../../src/payments/payment-deps.ts';
import { createPaymentMetrics } from '../../src/payments/payment-metrics.ts';
import { createPayouts } from '../../src/payments/payouts/payouts.ts';
import { beginScheduledPayouts } from '../../src/payments/payouts/scheduled-payouts.ts';
import { createSandboxProvider } from '../../src/payments/provider/sandbox-provider.ts';
import { createSpendingWatch } from '../../src/payments/spending/spending-watch.ts';
import { createTokenSeal } from '../../src/payments/token-seal.ts';
import { createTopUps } from '../../src/payments/top-ups.ts';
import { createPreAuthMetrics } from '../../src/preauth/pre-auth-metrics.ts';
import { sweepHolds } from '../../src/preauth/sweep-holds.ts';
import { type TestHeidrun } from '../support/start-heidrun.ts';

/** The sweeps of one more replica on the service's database, each run when asked for: all that happens by itself. */
export function createSweeper({ database: { pool }, clock }: TestHeidrun, keys: string, settings: PaymentSettings) {
  const common = { pool, clock, logger: silentLogger(), notify: () => undefined };
  const metrics = createMetrics({ service: 'test', processMetrics: false });
  const deps: PaymentDeps = {
    ...common,
    provider: createSandboxProvider({ pool }),
    seal: createTokenSeal(keys),
    newId: randomUUID,
    currency: 'EUR',
    settings: () => settings,
    metrics: createPaymentMetrics(metrics, pool, clock),
    assertCapacity: () => undefined,
    spent: { touch: (user) => spent.touch(user) },
  };
  const topUps = createTopUps(deps);
  const payouts = createPayouts(deps);
  const spent = createSpendingWatch(deps, topUps);
  const holds = createPreAuthMetrics(metrics, pool, clock);
  return async () => {
    await sweepHolds({ ...common, metrics: holds });
    await beginScheduledPayouts(deps, payouts);
    await topUps.sweep();
    await payouts.sweep();
    await spent.sweep();
    await spent.idle();
  };
}
