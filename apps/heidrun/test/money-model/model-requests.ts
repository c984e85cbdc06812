import {
  add,
  availableOf,
  dayOf,
  type ModelCapture,
  type ModelHold,
  type MoneyModel,
  sumFrom,
  sure,
} from './money-model.ts';

/** Counted tokens served by one of the providers. */
export interface ModelLeg {
  provider: number;
  input: bigint;
  output: bigint;
}

const rateBps = 1_500n;
/** A multiple of every unit, so that exact costs are whole numbers of it. */
const whole = 1_000n;

const exactCost = ({ providers }: MoneyModel, { provider, input, output }: ModelLeg): bigint => {
  const { inputPrice, outputPrice, unit } = sure(providers, provider);
  return (input * inputPrice + output * outputPrice) * (whole / unit);
};
const sumOf = (cents: readonly bigint[]): bigint => cents.reduce((sum, part) => sum + part, 0n);
/** ⌈Σ tokens × price / unit⌉ over all legs. */
export const costOf = (model: MoneyModel, legs: readonly ModelLeg[]): bigint =>
  (sumOf(legs.map((leg) => exactCost(model, leg))) + whole - 1n) / whole;

/** @returns the reason why there is no such hold */
export function whyNoHold(model: MoneyModel, index: number, held: bigint, maxCost?: bigint): string | undefined {
  const user = sure(model.users, index);
  if (user.frozen) return 'ACCOUNT_FROZEN';
  if (maxCost !== undefined && held > maxCost) return 'MAX_COST_EXCEEDED';
  const today = dayOf(model.now);
  const left = (limit: bigint | undefined, first: string) =>
    limit === undefined ? held : limit - sumFrom(user.spent, first) - user.reserved;
  if (held > left(user.dailyLimit, today) || held > left(user.monthlyLimit, `${today.slice(0, 7)}-01`)) {
    return 'SPENDING_LIMIT_EXCEEDED';
  }
  return held > availableOf(user) ? 'INSUFFICIENT_FUNDS' : undefined;
}

/** By largest remainder, ties to the earlier one. */
function shareOut(weights: readonly bigint[], cents: bigint): bigint[] {
  const total = sumOf(weights);
  const shares = weights.map((weight) => (weight * cents) / total);
  const rests = weights.map((weight, index) => ({ index, rest: (weight * cents) % total }));
  const first = rests.toSorted((a, b) => (a.rest === b.rest ? 0 : a.rest > b.rest ? -1 : 1));
  for (const { index } of first.slice(0, Number(cents - sumOf(shares)))) shares[index] = (shares[index] ?? 0n) + 1n;
  return shares;
}

export function capture(model: MoneyModel, hold: ModelHold, legs: readonly ModelLeg[], amount?: bigint): ModelCapture {
  const cost = costOf(model, legs);
  const captured = amount ?? (cost < hold.held ? cost : hold.held);
  const weights = legs.map((leg) => exactCost(model, leg));
  const shares = shareOut(weights, captured);
  const largest = shares.reduce((best, share, index) => (share > (shares[best] ?? 0n) ? index : best), 0);
  const carrier = sure(model.providers, legs[largest]?.provider ?? 0);
  const due = captured * rateBps + carrier.carry;
  const fee = due / 10_000n;
  carrier.carry = due % 10_000n;
  const earnings = shareOut(weights, captured - fee);
  const day = dayOf(model.now);
  const result: ModelCapture = {
    ...{ day, captured, fee, refunded: 0n },
    legs: legs.map(({ provider }, index) => {
      const { owner } = sure(model.providers, provider);
      return { owner, earnings: earnings[index] ?? 0n, returned: 0n };
    }),
  };
  const user = sure(model.users, hold.user);
  user.wallet -= captured;
  user.reserved -= hold.held;
  add(user.spent, day, captured);
  for (const leg of result.legs) {
    const owner = sure(model.users, leg.owner);
    owner.earnings += leg.earnings;
    add(owner.earned, day, leg.earnings);
  }
  model.revenue += fee;
  hold.state = 'CAPTURED';
  hold.capture = result;
  return result;
}

/** Cumulative: ⌊fee × refunds / captured⌋ of the fee, each cent of the rest by the leg that is furthest behind. */
export function refund(model: MoneyModel, { user, capture: of }: ModelHold, amount: bigint): bigint {
  if (of === undefined) throw new RangeError('nothing was captured');
  const feeSoFar = (of.fee * of.refunded) / of.captured;
  of.refunded += amount;
  const feeReturned = (of.fee * of.refunded) / of.captured - feeSoFar;
  const target = of.refunded - feeSoFar - feeReturned;
  const all = sumOf(of.legs.map(({ earnings }) => earnings));
  for (let left = amount - feeReturned; left > 0n; left -= 1n) {
    const behind = of.legs.map(({ earnings, returned }) => earnings * target - returned * all);
    const furthest = behind.reduce((best, gap, index) => (gap > (behind[best] ?? 0n) ? index : best), 0);
    const leg = sure(of.legs, furthest);
    leg.returned += 1n;
    const owner = sure(model.users, leg.owner);
    owner.earnings -= 1n;
    add(owner.earned, of.day, -1n);
  }
  model.revenue -= feeReturned;
  sure(model.users, user).wallet += amount;
  return feeReturned;
}
