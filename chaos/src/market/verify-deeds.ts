import { type World } from '../world/open-world.ts';
import { type Deed } from './load.ts';

interface Kept {
  transaction_id: string;
  request_id: string;
  state: string;
  cost: string;
  key: string | null;
}

export interface DeedCheck {
  /** What was acknowledged and is not there, or not as it was told. */
  losses: string[];
  /** What happened more often than it was wanted. */
  doubles: string[];
}

/** Holds what the clients were told against what the market has. */
export async function verifyDeeds({ databases }: World, deeds: readonly Deed[]): Promise<DeedCheck> {
  const kept = await databases.njordr.query<Kept>(
    `SELECT transaction_id, request_id, state, total_cost_cents::text AS cost, idempotency_key AS key FROM transactions`,
  );
  const legs = await databases.njordr.query<PaidLeg>(
    `SELECT transaction_id AS transaction, provider_id AS provider, price_version::text AS version FROM transaction_legs`,
  );
  const billed = Map.groupBy(legs.rows, ({ transaction }) => transaction);
  const losses: string[] = [];
  const doubles: string[] = [];
  const byId = new Map(kept.rows.map((row) => [row.transaction_id, row]));
  const requests = new Set(kept.rows.map((row) => row.request_id));
  for (const deed of deeds.filter(({ status }) => status >= 200 && status < 300)) {
    if (deed.what === 'top-up') continue;
    if (deed.what === 'create' || deed.what === 'cancel') {
      if (!requests.has(deed.requestId)) losses.push(`request ${deed.requestId} of ${deed.key} is gone`);
      continue;
    }
    const row = byId.get(deed.transactionId);
    if (row === undefined) losses.push(`transaction ${deed.transactionId} of ${deed.key} is gone`);
    else if (row.state !== 'COMPLETED')
      losses.push(`${deed.key} was answered, but ${deed.transactionId} is ${row.state}`);
    else if (deed.costCents !== undefined && deed.costCents !== Number(row.cost)) {
      losses.push(`${deed.key} was told ${deed.costCents} cents, but ${deed.transactionId} cost ${row.cost}`);
    }
    losses.push(...quoteProblems(deed, billed.get(deed.transactionId) ?? []));
  }
  // A failed call gives its key back; what was paid for keeps it, so that nothing can be paid for twice.
  for (const { key, state, transaction_id: id } of kept.rows) {
    if (state === 'COMPLETED' && key === null) doubles.push(`transaction ${id} was paid for outside of any call`);
  }
  return { losses, doubles };
}

interface PaidLeg {
  transaction: string;
  provider: string;
  version: string;
}

/** A price may be a newer one than was quoted, where it was changed since; never an older one. */
function quoteProblems({ key, quoted }: Deed, legs: readonly PaidLeg[]): string[] {
  return legs.flatMap(({ provider, version }) => {
    const told = quoted.get(provider);
    if (told === undefined || Number(version) >= told) return [];
    return [`${key} was quoted version ${told} of ${provider}’s price and paid version ${version}`];
  });
}

/** Each top-up of a client has an amount of its own: what was charged is told apart by it. */
export async function verifyTopUps({ databases }: World, deeds: readonly Deed[]): Promise<DeedCheck> {
  const { rows } = await databases.heidrun.query<{ user: string; cents: string }>(
    `SELECT user_id AS user, amount_cents::text AS cents FROM top_ups WHERE status = 'SUCCEEDED'`,
  );
  const charged = new Map<string, number>();
  const name = (user: string, cents: number | string) => `${cents} cents for ${user}`;
  for (const { user, cents } of rows) charged.set(name(user, cents), (charged.get(name(user, cents)) ?? 0) + 1);
  const losses: string[] = [];
  const doubles: string[] = [];
  for (const { what, requester, amountCents, status } of deeds) {
    if (what !== 'top-up') continue;
    const top = name(requester.subject, amountCents);
    const times = charged.get(top) ?? 0;
    if (times > 1) doubles.push(`the top-up of ${top} was charged ${times} times`);
    if (times === 0 && status >= 200 && status < 300) losses.push(`the top-up of ${top} was acknowledged and is gone`);
  }
  return { losses, doubles };
}

/** All that was ever paid into each requester's wallet, in cents. */
export async function toppedUp({ databases }: World): Promise<Map<string, bigint>> {
  const { rows } = await databases.heidrun.query<{ user: string; cents: string }>(
    `SELECT user_id AS user, sum(amount_cents)::text AS cents FROM top_ups WHERE status = 'SUCCEEDED' GROUP BY 1`,
  );
  return new Map(rows.map(({ user, cents }) => [user, BigInt(cents)]));
}
