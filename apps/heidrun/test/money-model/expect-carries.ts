import { expect } from 'vitest';
import { type MoneyModel } from './money-model.ts';
import { type MoneyRun } from './money-run.ts';

/** The commission that each device's captures left uncharged. */
export async function expectCarries({ providers }: MoneyModel, { market, cast }: MoneyRun): Promise<void> {
  const text = 'SELECT commission_carry AS carry FROM provider_books WHERE provider_id = $1';
  for (const [index, { carry }] of providers.entries()) {
    const { rows } = await market.pool.query<{ carry: bigint }>(text, [cast.providers[index]]);
    expect(rows[0]?.carry ?? 0n).toBe(carry);
  }
}
