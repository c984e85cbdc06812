import { runDetached } from '@edda/grpc-kit';
import { type UserKey, walletOf } from '../../ledger/account-names.ts';
import { type PaymentDeps } from '../payment-deps.ts';
import { type TopUps } from '../top-ups.ts';
import { announceBudgets } from './announce-budgets.ts';
import { chargeAutomatically } from './charge-automatically.ts';
import { type DueUser, dueUsers } from './due-users.ts';
import { netEarnings } from './net-earnings.ts';

/** Told of everybody whose balance changed; returns at once. */
export interface SpendingWatch {
  touch(user: UserKey): void;
}

export interface RunningSpendingWatch extends SpendingWatch {
  /** Looks at everybody: after a restart, and for those that were too many to remember. @returns how many were due */
  sweep(): Promise<number>;
  /** Resolves once nobody touched so far is waiting to be looked at. */
  idle(): Promise<void>;
}

/** Most users remembered between two looks; the sweep finds the others. */
const MAX_TOUCHED = 10_000;

/**
 * What follows from spending, outside of the hot path: earnings net costs, budgets raise their events, wallets are
 * topped up and used-up credit is charged. Users touched while a look is under way share the next one.
 */
export function createSpendingWatch(deps: PaymentDeps, topUps: TopUps): RunningSpendingWatch {
  const touched = new Set<string>();
  let running: Promise<void> | undefined;
  const look = async (): Promise<void> => {
    // Lets a burst of captures gather, and the caller go on.
    await new Promise((resolve) => setImmediate(resolve));
    while (touched.size > 0) {
      const wallets = [...touched];
      touched.clear();
      await check(deps, topUps, wallets).catch((error: unknown) =>
        deps.logger.warn({ err: error }, 'what follows from spending could not be done; the sweep tries again'),
      );
    }
  };
  return {
    touch(user) {
      if (touched.size < MAX_TOUCHED) touched.add(walletOf(user));
      running ??= runDetached(look).finally(() => (running = undefined));
    },
    sweep: () => check(deps, topUps, undefined),
    idle: async () => {
      while (running !== undefined) await running;
    },
  };
}

async function check(deps: PaymentDeps, topUps: TopUps, wallets: readonly string[] | undefined): Promise<number> {
  const now = deps.clock.now();
  const month = `${now.toISOString().slice(0, 7)}-01`;
  const { creditChargePercent } = deps.settings();
  const due = await dueUsers(deps.pool, { wallets, now, month, creditChargePercent });
  for (const user of due) {
    await serve(deps, topUps, user, month).catch((error: unknown) =>
      deps.logger.warn({ err: error, user_id: user.user_id }, 'what follows from spending could not be done'),
    );
  }
  return due.length;
}

async function serve(deps: PaymentDeps, topUps: TopUps, due: DueUser, month: string): Promise<void> {
  const user = { networkId: due.network_id, userId: due.user_id };
  if (due.netting_due) await netEarnings(deps, user);
  if (due.budget_due) await announceBudgets(deps, user, month);
  if (due.charge_due || due.credit_due) await chargeAutomatically(deps, topUps, user, month);
}
