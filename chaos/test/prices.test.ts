import { describe, expect, it } from 'vitest';
import { type PriceDeed } from '../src/market/price-changes.ts';
import { verifyPrices } from '../src/verify/verify-prices.ts';
import { type World } from '../src/world/open-world.ts';

const owner = { subject: 'o', networkId: 'demo', roles: ['provider'] as const };
const wanted = (priceCents: number, status = 200): PriceDeed => ({
  providerId: 'p',
  owner,
  priceCents,
  status,
  calls: 1,
});
const version = (number: number, cents: number) => ({
  provider: 'p',
  model: '',
  version: `${number}`,
  cents: `${cents}`,
});

/** What both databases would answer. */
function found(versions: ReturnType<typeof version>[], listed: ReturnType<typeof version>[], deeds: PriceDeed[]) {
  const answering = (rows: unknown[]) => ({ query: () => Promise.resolve({ rows }) });
  const databases = { heidrun: answering(versions), njordr: answering(listed) } as unknown as World['databases'];
  return verifyPrices({ databases }, deeds);
}

describe('prices after a run', () => {
  const hello = version(1, 40);

  it('are in order when every version was wanted, in that order, and the last one is in force', async () => {
    const last = version(3, 54);
    expect(await found([hello, version(2, 37), last], [last], [wanted(37), wanted(54)])).toEqual([]);
    // Two changes in one; a change that was refused; one whose answer was lost, in force or not.
    expect(await found([hello, version(2, 54)], [version(2, 54)], [wanted(37), wanted(54), wanted(60, 422)])).toEqual(
      [],
    );
    expect(await found([hello, version(2, 37)], [version(2, 37)], [wanted(37), wanted(54, 0)])).toEqual([]);
    expect(await found([hello, version(2, 54)], [version(2, 54)], [wanted(37), wanted(54, 0)])).toEqual([]);
  });

  it.each([
    [
      'an acknowledged price is not in force',
      [hello],
      [wanted(37)],
      'price p of 37 cents was acknowledged, and is not in force',
    ],
    [
      'a change happened twice',
      [hello, version(2, 37), version(3, 37)],
      [wanted(37)],
      'price p version 3 of 37 cents was not wanted then',
    ],
    [
      'an older change came later',
      [hello, version(2, 54), version(3, 37)],
      [wanted(37), wanted(54)],
      'price p version 3 of 37 cents was not wanted then',
    ],
    [
      'a refused change happened',
      [hello, version(2, 37)],
      [wanted(37, 422)],
      'price p version 2 of 37 cents was not wanted then',
    ],
    ['a version is missing', [hello, version(3, 37)], [wanted(37)], 'price p has version 3 where 2 is due'],
  ])('%s', async (_, versions, deeds, problem) => {
    expect(await found(versions, versions.slice(-1), deeds)).toContain(problem);
  });

  it('Njörðr lists another price than Heidrun bills', async () => {
    expect(await found([hello], [version(1, 41)], [])).toEqual([
      'price p is 40 cents (version 1), listed as 41 cents (version 1)',
    ]);
  });
});
