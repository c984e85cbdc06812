import { type Schedule } from './model-schedules.ts';

/** All money of a small market as a few numbers: what Heidrun must agree with after every step. */
export interface MoneyModel {
  /** Milliseconds, as the service's clock. */
  now: number;
  readonly users: readonly ModelUser[];
  readonly providers: readonly ModelProvider[];
  readonly holds: ModelHold[];
  /** Those that users asked for, in order; charges and payouts of the market's own are kept beside them. */
  readonly topUps: ModelTopUp[];
  readonly automatic: (ModelTopUp & { origin: 'AUTOMATIC' | 'CREDIT' })[];
  readonly payouts: ModelPayout[];
  readonly scheduled: ModelPayout[];
  revenue: bigint;
  clearing: bigint;
  /** False while the payment provider does not answer. */
  providerAnswers: boolean;
}

export const payTokens = ['tok_sandbox_visa', 'tok_sandbox_charge_fails', 'tok_sandbox_action_required'] as const;
export const payoutTokens = ['tok_sandbox_bank', 'tok_sandbox_payout_fails', 'tok_sandbox_bank_pending'] as const;
export type PayToken = (typeof payTokens)[number];
export type PayoutToken = (typeof payoutTokens)[number];

export interface ModelUser {
  wallet: bigint;
  reserved: bigint;
  creditLimit: bigint;
  frozen: boolean;
  earnings: bigint;
  /** By UTC day: earned less refunded of it, captured, and made good of that by netting. */
  readonly earned: Map<string, bigint>;
  readonly spent: Map<string, bigint>;
  readonly netted: Map<string, bigint>;
  nettingSince: string | undefined;
  dailyLimit: bigint | undefined;
  monthlyLimit: bigint | undefined;
  autoTopUp: { threshold: bigint; amount: bigint; monthlyMaximum: bigint | undefined } | undefined;
  chargeFailures: number;
  chargeNotBefore: number;
  payToken: PayToken;
  payoutToken: PayoutToken;
  /** When earnings are paid out next by themselves, ms, and from which amount on; undefined for by hand. */
  payouts: { readonly schedule: Schedule; readonly minimum: bigint; next: number } | undefined;
  budget: { readonly cents: bigint; readonly thresholds: readonly number[] };
  /** Thresholds that were told of: `<month> <percent>`. */
  readonly alerts: Set<string>;
}

export interface ModelProvider {
  /** Index of the user who earns. */
  readonly owner: number;
  readonly inputPrice: bigint;
  readonly outputPrice: bigint;
  readonly unit: bigint;
  carry: bigint;
}

export interface ModelHold {
  readonly user: number;
  readonly held: bigint;
  readonly candidates: readonly number[];
  readonly expiresAt: number;
  state: 'PENDING' | 'CAPTURED' | 'CANCELLED' | 'EXPIRED';
  capture?: ModelCapture;
}

export interface ModelCapture {
  readonly day: string;
  readonly captured: bigint;
  readonly fee: bigint;
  readonly legs: readonly { owner: number; earnings: bigint; returned: bigint }[];
  refunded: bigint;
}

export interface ModelTopUp {
  readonly user: number;
  readonly amount: bigint;
  readonly token: PayToken;
  readonly createdAt: number;
  /** UNSENT: the payment provider has not answered yet; WAITING: the payer has to confirm. */
  status: 'UNSENT' | 'WAITING' | 'SUCCEEDED' | 'FAILED';
  reversed: bigint;
}

export interface ModelPayout {
  readonly user: number;
  readonly amount: bigint;
  readonly token: PayoutToken;
  status: 'PENDING' | 'IN_TRANSIT' | 'PAID' | 'FAILED';
}

/** What everybody has at first, in the wallet and of earnings. */
export const openingCents = 600n;

/** Three people who all buy; the second and the third also earn, with one device each. */
export function createMoneyModel(now: number, books: Pick<MoneyModel, 'revenue' | 'clearing'>): MoneyModel {
  const user = (): ModelUser => ({
    ...{ wallet: openingCents, reserved: 0n, creditLimit: 0n, frozen: false, earnings: openingCents },
    ...{ earned: new Map(), spent: new Map(), netted: new Map(), nettingSince: undefined },
    ...{ dailyLimit: undefined, monthlyLimit: undefined, autoTopUp: undefined },
    ...{ chargeFailures: 0, chargeNotBefore: 0, payToken: payTokens[0], payoutToken: payoutTokens[0] },
    ...{ payouts: undefined, budget: { cents: 0n, thresholds: [] }, alerts: new Set() },
  });
  return {
    ...{ now, clearing: books.clearing, providerAnswers: true },
    // What people begin with is the company's gift.
    revenue: books.revenue - 6n * openingCents,
    users: [user(), user(), user()],
    providers: [
      { owner: 1, inputPrice: 3n, outputPrice: 3n, unit: 100n, carry: 0n },
      { owner: 2, inputPrice: 7n, outputPrice: 19n, unit: 1_000n, carry: 0n },
    ],
    ...{ holds: [], topUps: [], automatic: [], payouts: [], scheduled: [] },
  };
}

export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
export const availableOf = (user: ModelUser): bigint => user.wallet - user.reserved + user.creditLimit;
export const add = (days: Map<string, bigint>, day: string, cents: bigint): void =>
  void days.set(day, (days.get(day) ?? 0n) + cents);
export const sumFrom = (days: ReadonlyMap<string, bigint>, first: string): bigint =>
  [...days].reduce((sum, [day, cents]) => (day >= first ? sum + cents : sum), 0n);

/** The service runs with a hold-back of one full day. */
export const holdBackDays = 1;
export const withheldOf = (model: MoneyModel, user: ModelUser): bigint =>
  sumFrom(user.earned, dayOf(model.now - holdBackDays * 86_400_000));
export const payableOf = (model: MoneyModel, user: ModelUser): bigint => user.earnings - withheldOf(model, user);

/** @throws RangeError where there is none */
export function sure<Item>(items: readonly Item[], index: number): Item {
  const item = items[index];
  if (item === undefined) throw new RangeError(`no entry ${index}`);
  return item;
}

/** The last for 0, and so on backwards, around and around: any number names an entry. */
export const recent = <Item>(items: readonly Item[], index: number): Item =>
  sure(items, items.length - 1 - (index % items.length));
