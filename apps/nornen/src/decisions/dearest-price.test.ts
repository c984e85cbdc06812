import { nornen } from '@edda/contracts';
import { expect, it } from 'vitest';
import { dearestPrice } from './dearest-price.ts';

const model = (priceCents: bigint, priceUnitTokens: bigint, outputPriceCents?: bigint) =>
  nornen.OfferedModel.fromPartial({ model: 'm', contextLength: 1n, priceCents, priceUnitTokens, outputPriceCents });

it('compares prices per token, not the figures as quoted', () => {
  const dearest = dearestPrice([model(900n, 1_000_000n), model(3n, 1_000n), model(2n, 1_000n)]);
  expect(dearest).toEqual({ priceCents: 3n, unitTokens: 1_000n });
});

it('looks at output prices as well', () => {
  expect(dearestPrice([model(1n, 1_000n, 7n), model(5n, 1_000n)])).toEqual({ priceCents: 7n, unitTokens: 1_000n });
});
