import { heidrun } from '@edda/contracts';
import { type GrpcClient, runDetached } from '@edda/grpc-kit';
import { type Clock, type Logger, type Metrics } from '@edda/telemetry';
import { type Pool } from 'pg';
import { createCursorStore, type PassName } from './cursor-store.ts';
import { createDifferenceStore } from './difference-store.ts';
import { createResolveDifferences } from './resolve-differences.ts';
import { createTransactionSides } from './transaction-sides.ts';

export interface ReconcilerSettings {
  /** Between two runs of one comparison, over all replicas, ms. */
  intervalMs: number;
  /** An open hold younger than this belongs to a request that is being made, seconds. */
  graceSeconds: number;
  /** Older transactions and holds must have ended, seconds. */
  settledAfterSeconds: number;
  /** Rows compared at once. */
  pageSize: number;
  /** Pages per run and comparison. */
  maxPages: number;
}

export interface ReconcilerDeps {
  pool: Pool;
  preAuth: Pick<GrpcClient<heidrun.PreAuthServiceService>, 'listPreAuths' | 'cancelPreAuth'>;
  clock: Clock;
  logger: Logger;
  metrics: Metrics;
  settings: () => ReconcilerSettings;
}

export interface Reconciler {
  /** Runs every comparison that is due. @returns how many differences were found anew */
  run(): Promise<number>;
}

/**
 * Compares Njörðr's transactions with Heidrun's holds: holds that are open now, all holds of a time that is over, and
 * all transactions of that time. What can be repaired without judgement is, everything else is reported.
 */
export function createReconciler(deps: ReconcilerDeps): Reconciler {
  const { pool, preAuth, clock, settings } = deps;
  const cursors = createCursorStore({ pool });
  const differences = createDifferenceStore({ pool });
  const sides = createTransactionSides({ pool });
  const { resolve, recheck } = createResolveDifferences({ ...deps, sides, differences });
  const nextAt = () => new Date(clock.now().getTime() + settings().intervalMs);
  const ago = (seconds: number) => new Date(clock.now().getTime() - seconds * 1_000);
  const list = (request: Partial<heidrun.ListPreAuthsRequest>) =>
    preAuth.listPreAuths(heidrun.ListPreAuthsRequest.fromPartial({ pageSize: settings().pageSize, ...request }));

  /** Pages through holds until there are no more, or enough for one run. */
  async function eachPage(
    filter: Partial<heidrun.ListPreAuthsRequest>,
    compare: (holds: readonly heidrun.ListedPreAuth[], last: boolean) => Promise<void>,
  ): Promise<void> {
    let pageToken = '';
    for (let page = 0; page < settings().maxPages; page += 1) {
      const { holds, nextPageToken } = await list({ ...filter, pageToken });
      await compare(holds, nextPageToken === '');
      if (nextPageToken === '') return;
      pageToken = nextPageToken;
    }
  }

  const passes: Record<PassName, (from: Date) => Promise<number>> = {
    /** Open holds are few, at most what is being served, so all of them are looked at each time. */
    async 'open-holds'() {
      let found = 0;
      await recheck(settings().pageSize);
      const createdBefore = ago(settings().graceSeconds);
      await eachPage({ status: heidrun.PreAuthStatus.PENDING, createdBefore }, async (holds) => {
        found += await resolve(holds.map(transactionOf), false);
        await cursors.advance('open-holds', createdBefore, nextAt());
      });
      return found;
    },
    async holds(createdFrom) {
      let found = 0;
      const createdBefore = ago(settings().settledAfterSeconds);
      if (createdFrom >= createdBefore) return 0;
      await eachPage({ createdFrom, createdBefore }, async (holds, last) => {
        found += await resolve(holds.map(transactionOf), true);
        const until = last ? createdBefore : holds.at(-1)?.preauth?.createdAt;
        await cursors.advance('holds', until ?? createdFrom, nextAt());
      });
      return found;
    },
    async transactions(from) {
      let found = 0;
      const before = ago(settings().settledAfterSeconds);
      const { pageSize, maxPages } = settings();
      let after = { createdAt: from, transactionId: '' };
      for (let page = 0; page < maxPages; page += 1) {
        const rows = await sides.page(after, before, pageSize);
        found += await resolve(
          rows.map(({ transactionId }) => transactionId),
          true,
        );
        after = rows.at(-1) ?? after;
        await cursors.advance('transactions', rows.length < pageSize ? before : after.createdAt, nextAt());
        if (rows.length < pageSize) break;
      }
      return found;
    },
  };

  return {
    run: () =>
      runDetached(async () => {
        let found = 0;
        for (const name of ['open-holds', 'holds', 'transactions'] as const) {
          const from = await cursors.claim(name, clock.now(), nextAt());
          if (from !== undefined) found += await passes[name](from);
        }
        return found;
      }),
  };
}

const transactionOf = ({ preauth }: heidrun.ListedPreAuth): string => preauth?.transactionId ?? '';
