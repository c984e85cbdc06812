import { njordr } from '@edda/contracts';
import { describe, expect, it } from 'vitest';
import { type StoredPrice } from './provider-row.ts';
import { wantedPrices } from './wanted-prices.ts';

const price = (priceCents: bigint): njordr.Price => ({ priceCents, outputPriceCents: undefined, priceUnitTokens: 0n });
const stored = (model: string, priceCents: bigint): StoredPrice => ({
  model,
  priceCents,
  outputPriceCents: undefined,
  unitTokens: 1_000n,
  priceVersion: 1n,
});
const configuration = (own: bigint | undefined, all: bigint | undefined) =>
  njordr.ProviderConfiguration.fromPartial({
    models: [{ model: 'a', ...(own !== undefined && { price: price(own) }) }, { model: 'b' }],
    ...(all !== undefined && { price: price(all) }),
  });
const wanted = (own: bigint | undefined, all: bigint | undefined, prices: StoredPrice[]) =>
  wantedPrices({ configuration: configuration(own, all), prices }).map((each) => [each.model, each.priceCents]);

describe('the prices Heidrun has to be told', () => {
  it('the provider’s price as that of every model, and each model’s own', () => {
    expect(wanted(5n, 3n, [])).toEqual([
      ['', 3n],
      ['a', 5n],
    ]);
  });

  it('nothing twice', () => {
    expect(wanted(5n, 3n, [stored('', 3n), stored('a', 5n)])).toEqual([]);
    expect(wanted(5n, 4n, [stored('', 3n), stored('a', 5n)])).toEqual([['', 4n]]);
  });

  it('a model that lost its own price is given the provider’s, because Heidrun would keep the old one', () => {
    expect(wanted(undefined, 3n, [stored('', 3n), stored('a', 5n)])).toEqual([['a', 3n]]);
    expect(wanted(undefined, 3n, [stored('', 3n), stored('a', 3n)])).toEqual([]);
  });
});
