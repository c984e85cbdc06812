import { heidrun } from '@edda/contracts';
import { implement, type ServiceEntry } from '@edda/grpc-kit';
import { type PaymentDeps, type PaymentSettings } from './payment-deps.ts';
import { createPaymentHandlers } from './payment-handlers.ts';
import { createPayouts } from './payouts/payouts.ts';
import { beginScheduledPayouts } from './payouts/scheduled-payouts.ts';
import { rotateTokens } from './rotate-tokens.ts';
import { createSpendingWatch, type RunningSpendingWatch } from './spending/spending-watch.ts';
import { createTopUps } from './top-ups.ts';
import { sweepWebhooks } from './webhooks/sweep-webhooks.ts';

/** The service, what runs beside it at intervals, and who is to be told of spending. */
export interface PaymentFeature {
  service: ServiceEntry;
  tasks: readonly { name: string; intervalMs: () => number; run: () => Promise<unknown> }[];
  spent: RunningSpendingWatch;
}

type FeatureSettings = PaymentSettings & { readonly watchIntervalMs: number };

export interface PaymentFeatureOptions extends Omit<PaymentDeps, 'spent'> {
  settings: () => FeatureSettings;
}

/** How often tokens are looked for that an older key keeps, ms; the first time at the start. */
const ROTATION_MS = 3_600_000;
/** How often notifications are looked for that need not be remembered any longer, ms. */
const RETENTION_MS = 3_600_000;

/** Everything about money in and out, put together. */
export function createPaymentFeature(options: PaymentFeatureOptions): PaymentFeature {
  const deps: PaymentDeps = { ...options, spent: { touch: (user) => spent.touch(user) } };
  const topUps = createTopUps(deps);
  const payouts = createPayouts(deps);
  const spent = createSpendingWatch(deps, topUps);
  const { settings } = options;
  const often = () => settings().sweepIntervalMs;
  return {
    service: implement(heidrun.PaymentServiceService, createPaymentHandlers(deps, { topUps, payouts })),
    tasks: [
      { name: 'sweep of open top-ups', intervalMs: often, run: () => topUps.sweep() },
      { name: 'sweep of open payouts', intervalMs: often, run: () => payouts.sweep() },
      { name: 'scheduled payouts', intervalMs: often, run: () => beginScheduledPayouts(deps, payouts) },
      { name: 'what follows from spending', intervalMs: () => settings().watchIntervalMs, run: () => spent.sweep() },
      { name: 'old payment notifications', intervalMs: () => RETENTION_MS, run: () => sweepWebhooks(deps) },
      { name: 'rotation of payment keys', intervalMs: () => ROTATION_MS, run: () => rotateTokens(deps) },
    ],
    spent,
  };
}
