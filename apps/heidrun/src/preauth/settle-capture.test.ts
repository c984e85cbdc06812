import { common } from '@edda/contracts';
import { describe, expect, it } from 'vitest';
import { type MeasuredLeg } from '../metering/measure-legs.ts';
import { type Candidate } from './candidate.ts';
import { type CaptureQuestion, type ProviderBook, settleCapture } from './settle-capture.ts';

const { EXACT, ESTIMATED, REPORTED } = common.TokenMethod;
const candidate = (providerId: string, priceCents: bigint, outputPriceCents?: bigint): Candidate => ({
  providerId,
  ownerId: `owner-of-${providerId}`,
  networkId: 'net',
  price: { priceCents, unitTokens: 1_000n, ...(outputPriceCents !== undefined && { outputPriceCents }) },
  priceVersion: 1n,
  estimatedCents: 0n,
});
const tokens = (count: bigint, method: common.TokenMethod = EXACT) => ({
  tokens: count,
  method,
  tokenizer: 'o200k_base',
});
const leg = (providerId: string, input: bigint, output: bigint): MeasuredLeg => ({
  providerId,
  input: tokens(input),
  output: tokens(output),
});
const books = (...entries: ProviderBook[]) => new Map(entries.map((book) => [book.providerId, book]));
const settleWith = (more: Partial<CaptureQuestion>) =>
  settleCapture({
    heldCents: 100n,
    rateBps: 1_500,
    candidates: [candidate('a', 3n), candidate('b', 10n)],
    legs: [],
    books: books(),
    ...more,
  });

describe('settleCapture (domain rules, Money)', () => {
  it('rounds once over all legs, never per leg', () => {
    // 1.2 + 1.5 ct: rounded together 3, apart 2 + 2.
    const settled = settleWith({ legs: [leg('a', 400n, 0n), leg('b', 150n, 0n)] });
    expect(settled.capturedCents).toBe(3n);
    expect(settled.legs.map(({ costShareCents }) => costShareCents)).toEqual([1n, 2n]);
  });

  it('captures min(cost, hold) and says when the hold was the smaller', () => {
    const legs = [leg('a', 0n, 100_000n)];
    expect(settleWith({ legs })).toMatchObject({ costCents: 300n, capturedCents: 100n, cappedAtHold: true });
    expect(settleWith({ legs, heldCents: 300n })).toMatchObject({ cappedAtHold: false, releasedCents: 0n });
  });

  it('carries the commission of the provider with the largest share', () => {
    const book = { providerId: 'b', commissionCarry: 9_000n, claims: 0n, meanDeviationPpm: 0n };
    const settled = settleWith({ legs: [leg('a', 100n, 0n), leg('b', 100n, 0n)], books: books(book) });
    // ⌈1.3⌉ = 2 ct: 2 × 1,500 + 9,000 = 12,000 → fee 1, carry 2,000.
    expect(settled).toMatchObject({ feeCents: 1n, earningsCents: 1n, carryProviderId: 'b', carryAfter: 2_000n });
    expect(settled.books.map(({ commissionCarry }) => commissionCarry)).toEqual([0n, 2_000n]);
  });

  it('always splits into earnings and fee without losing a cent', () => {
    for (let output = 0n; output < 4_000n; output += 137n) {
      const settled = settleWith({ legs: [leg('a', 10n, output), leg('b', 5n, output / 2n)] });
      const earned = settled.legs.reduce((sum, { earningsCents }) => sum + earningsCents, 0n);
      expect(earned).toBe(settled.earningsCents);
      expect(settled.earningsCents + settled.feeCents).toBe(settled.capturedCents);
      expect(settled.capturedCents + settled.releasedCents).toBe(100n);
    }
  });

  it('captures a given amount, the legs deciding the shares only', () => {
    const legs = [leg('a', 0n, 1_000n), leg('b', 0n, 1_000n)];
    const settled = settleWith({ legs, amountCents: 26n });
    expect(settled.legs.map(({ costShareCents }) => costShareCents)).toEqual([6n, 20n]);
    expect(() => settleWith({ legs, amountCents: 101n })).toThrow(
      expect.objectContaining({ reason: 'AMOUNT_EXCEEDS_HOLD' }),
    );
  });

  it('gives an amount without legs to the only candidate, and refuses it for several', () => {
    const alone = settleWith({ candidates: [candidate('a', 3n)], amountCents: 20n });
    expect(alone.legs).toMatchObject([{ earningsCents: 17n, inputTokens: 0n }]);
    expect(() => settleWith({ amountCents: 20n })).toThrow(/several candidates/);
    expect(() => settleWith({})).toThrow(/give legs/);
  });

  it('refuses to share an amount over several legs that cost nothing', () => {
    expect(() => settleWith({ legs: [leg('a', 0n, 0n), leg('b', 0n, 0n)], amountCents: 5n })).toThrow(
      /cannot be shared/,
    );
  });

  it('stores claims beside our counts and takes them into the provider’s mean (domain rules, Metering)', () => {
    const measured = {
      providerId: 'a',
      output: tokens(1_000n, ESTIMATED),
      claimedOutputTokens: 1_020n,
    };
    const [settled] = [settleWith({ legs: [measured] })];
    expect(settled.legs[0]).toMatchObject({
      outputTokens: 1_020n,
      countedOutputTokens: 1_000n,
      deviationPpm: 20_000n,
      method: REPORTED,
    });
    expect(settled.books[0]).toMatchObject({ claims: 1n, meanDeviationPpm: 20_000n });
  });
});
