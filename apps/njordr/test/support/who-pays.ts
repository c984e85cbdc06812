import { common } from '@edda/contracts';
import { expect } from 'vitest';
import { type OpenedRequests } from './open-requests.ts';

/** How a request must have ended. */
export interface WhoPays {
  state: 'COMPLETED' | 'FAILED' | 'CANCELLED';
  finish?: keyof typeof common.FinishReason;
  /** Tokens that are billed; 10 ct each. */
  output: number;
  /** Whether the input is billed too. */
  input: boolean;
  /** Who earns. */
  provider?: string;
}

/** Waits until the only request has ended and asserts its row of the who-pays table, to the cent, on both sides. */
export async function expectWhoPays(open: OpenedRequests, wanted: WhoPays): Promise<void> {
  const row = async () => (await open.pool.query('SELECT * FROM transactions')).rows[0] as Record<string, unknown>;
  await expect.poll(async () => (await row())['state'], { timeout: 20_000 }).toBe(wanted.state);
  const ended = await row();
  const input = wanted.input ? BigInt(ended['estimated_input_tokens'] as string) : 0n;
  const total = (input + BigInt(wanted.output)) * 10n;
  const fee = (total * 15n) / 100n;
  expect(ended).toMatchObject({
    ...{ input_tokens: input, output_tokens: BigInt(wanted.output), total_cost_cents: total },
    ...{ provider_earnings_cents: total - fee, company_fee_cents: fee },
    ...(wanted.finish !== undefined && { finish_reason: common.FinishReason[wanted.finish] }),
  });
  const { rows: legs } = await open.pool.query<{ provider: string; cents: bigint }>(
    'SELECT provider_id AS provider, earnings_cents AS cents FROM transaction_legs',
  );
  const earned = total === 0n ? [] : [{ provider: wanted.provider ?? 'p1', cents: total - fee }];
  expect(legs).toEqual(earned);
  expect(open.heidrun.open()).toEqual([]);
  expect(open.heidrun.captures).toHaveLength(total === 0n ? 0 : 1);
  expect(open.heidrun.walletCents).toBe(1_000_000n - total);
  expect(open.market.inFlight()).toBe(0);
}
