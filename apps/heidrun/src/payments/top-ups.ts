import { runDetached } from '@edda/grpc-kit';
import { withIdempotency, type IdempotencyScope } from '@edda/pg-kit';
import { type UserKey } from '../ledger/account-names.ts';
import { beginTopUp, type WantedTopUp } from './begin-top-up.ts';
import { finishTopUp } from './finish-top-up.ts';
import { type PaymentDeps } from './payment-deps.ts';
import { type TopUpRow } from './top-up-row.ts';

/** Top-ups in two phases, so that a crash between them loses neither money nor the memory of a charge. */
export interface TopUps {
  /** Commits a PENDING row, once per key. @returns its id */
  begin(user: UserKey, wanted: WantedTopUp, scope: IdempotencyScope): Promise<string>;
  /** Charges and books it; callers of one id share one charge. Harmless for a finished one. */
  finish(id: string): Promise<TopUpRow>;
  /** Takes up those left open. @returns how many it took up, finished or not */
  sweep(): Promise<number>;
}

/** Claims by moving the next attempt on, so that replicas share the work and a lasting failure is retried ever later. */
const CLAIM = `
UPDATE top_ups SET attempts = attempts + 1,
  next_attempt_at = $1::timestamptz + least(3600, $2 * 2 ^ least(attempts, 12)) * interval '1 second'
WHERE id IN (
  SELECT id FROM top_ups WHERE status = 'PENDING' AND next_attempt_at <= $1
  ORDER BY next_attempt_at LIMIT 50 FOR UPDATE SKIP LOCKED
) RETURNING id`;

export function createTopUps(deps: PaymentDeps): TopUps {
  const running = new Map<string, Promise<TopUpRow>>();
  const finish = (id: string): Promise<TopUpRow> => {
    const known = running.get(id);
    if (known !== undefined) return known;
    // Several callers wait for it, and money is on its way: it must not end with the first caller's deadline.
    const fresh = runDetached(() => finishTopUp(deps, id)).finally(() => running.delete(id));
    running.set(id, fresh);
    return fresh;
  };
  return {
    begin: async (user, wanted, scope) => {
      const { id } = await withIdempotency(deps.pool, scope, async (client) => {
        deps.assertCapacity();
        return { id: await beginTopUp(deps, client, user, wanted) };
      });
      return id;
    },
    finish,
    sweep: async () => {
      const values = [deps.clock.now(), deps.settings().retryAfterSeconds];
      const { rows } = await deps.pool.query<{ id: string }>(CLAIM, values);
      for (const { id } of rows) {
        await finish(id).catch((error: unknown) =>
          deps.logger.warn({ err: error, top_up_id: id }, 'an open top-up could not be finished yet'),
        );
      }
      return rows.length;
    },
  };
}
