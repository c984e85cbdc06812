import { common } from '@edda/contracts';
import { invalidInput } from '@edda/faults';
import { costOfLegs, type PricedLeg, settleWithCarry, splitEarnings } from '@edda/money';
import { heidrunFaults } from '../faults.ts';
import { billedCount, type ClaimRecord, deviationPpm, weakestMethod, withClaim } from '../metering/metering-rule.ts';
import { type MeasuredLeg } from '../metering/measure-legs.ts';
import { type Candidate } from './candidate.ts';

const { REPORTED } = common.TokenMethod;

/** What is carried from one capture of a provider to the next. */
export interface ProviderBook extends ClaimRecord {
  providerId: string;
  /** Commission not yet charged, 1/10,000 cent. */
  commissionCarry: bigint;
}

export interface CaptureQuestion {
  heldCents: bigint;
  rateBps: number;
  candidates: readonly Candidate[];
  legs: readonly MeasuredLeg[];
  /** By provider; locked by this transaction. */
  books: ReadonlyMap<string, ProviderBook>;
  /** Capture this instead of what the legs cost. */
  amountCents?: bigint | undefined;
}

/** One leg as it is billed and booked. */
export interface SettledLeg {
  candidate: Candidate;
  inputTokens: bigint;
  outputTokens: bigint;
  countedInputTokens: bigint;
  countedOutputTokens: bigint;
  claimedInputTokens?: bigint | undefined;
  claimedOutputTokens?: bigint | undefined;
  deviationPpm?: bigint | undefined;
  method: common.TokenMethod;
  tokenizer: string;
  costShareCents: bigint;
  earningsCents: bigint;
}

export interface SettledCapture {
  legs: SettledLeg[];
  costCents: bigint;
  capturedCents: bigint;
  releasedCents: bigint;
  earningsCents: bigint;
  feeCents: bigint;
  cappedAtHold: boolean;
  carryProviderId: string;
  carryBefore: bigint;
  carryAfter: bigint;
  /** The books after this capture, of every provider in it. */
  books: ProviderBook[];
}

/**
 * Decides a capture, without any I/O (domain rules, Money and Metering): billed counts by the metering rule, ONE
 * rounding over all legs, never above the hold, commission with the carry of the provider that has the largest share,
 * earnings to the legs by largest remainder.
 * @throws PROVIDER_NOT_PINNED, AMOUNT_EXCEEDS_HOLD, AMOUNT_OVERFLOW, INVALID_INPUT
 */
export function settleCapture(question: CaptureQuestion): SettledCapture {
  const { heldCents, amountCents, books } = question;
  const legs = legsOf(question).map((leg, index) => bill(leg, candidateOf(question, leg, index), bookOf(books, leg)));
  const priced: PricedLeg[] = legs.map(({ inputTokens, outputTokens, candidate }) => ({
    inputTokens,
    outputTokens,
    price: candidate.price,
  }));
  const costCents = costOfLegs(priced);
  if (amountCents !== undefined && amountCents > heldCents) throw amountExceedsHold(amountCents, heldCents);
  const capturedCents = amountCents ?? (costCents < heldCents ? costCents : heldCents);
  const shares = shareOut(priced, capturedCents);
  const carryLeg = indexOfLargest(shares);
  const carryProviderId = legs[carryLeg]?.candidate.providerId ?? '';
  const carryBefore = bookOf(books, { providerId: carryProviderId }).commissionCarry;
  const settled = settleWithCarry(capturedCents, BigInt(question.rateBps), carryBefore);
  const earnings = shareOut(priced, settled.providerEarningsCents);
  return {
    legs: legs.map((leg, index) => ({
      ...leg,
      costShareCents: shares[index] ?? 0n,
      earningsCents: earnings[index] ?? 0n,
    })),
    costCents,
    capturedCents,
    releasedCents: heldCents - capturedCents,
    earningsCents: settled.providerEarningsCents,
    feeCents: settled.companyFeeCents,
    cappedAtHold: amountCents === undefined && costCents > heldCents,
    carryProviderId,
    carryBefore,
    carryAfter: settled.carry,
    books: legs.map((leg) => {
      const { providerId } = leg.candidate;
      const book = bookOf(books, { providerId });
      const claimed = leg.deviationPpm === undefined ? book : { ...book, ...withClaim(book, leg.deviationPpm) };
      return providerId === carryProviderId ? { ...claimed, commissionCarry: settled.carry } : claimed;
    }),
  };
}

/** Without legs an amount goes to the only candidate. */
function legsOf({ legs, candidates, amountCents }: CaptureQuestion): readonly MeasuredLeg[] {
  if (legs.length > 0) return legs;
  const [only, ...others] = candidates;
  if (amountCents === undefined) throw invalidInput([{ field: 'legs', description: 'give legs, or amount_cents' }]);
  if (only === undefined || others.length > 0) {
    throw invalidInput([{ field: 'legs', description: 'are needed: the hold has several candidates' }]);
  }
  return [{ providerId: only.providerId }];
}

type Unshared = Omit<SettledLeg, 'costShareCents' | 'earningsCents'>;

function bill(leg: MeasuredLeg, candidate: Candidate, book: ProviderBook): Unshared {
  const { input, output, claimedInputTokens, claimedOutputTokens } = leg;
  const billedInput = input && billedCount(input, claimedInputTokens, book);
  const billedOutput = output && billedCount(output, claimedOutputTokens, book);
  return {
    candidate,
    inputTokens: billedInput?.tokens ?? 0n,
    outputTokens: billedOutput?.tokens ?? 0n,
    countedInputTokens: ours(input),
    countedOutputTokens: ours(output),
    claimedInputTokens,
    claimedOutputTokens,
    deviationPpm: deviationOf(leg),
    method: weakestMethod([billedInput, billedOutput].flatMap((billed) => billed?.method ?? [])),
    tokenizer: output?.tokenizer || input?.tokenizer || '',
  };
}

/** Our own count; 0 when the caller gave it. */
const ours = (counted: MeasuredLeg['input']): bigint =>
  counted === undefined || counted.tokenizer === '' ? 0n : counted.tokens;

/** Over the classes that were counted (by us or by Njörðr) and claimed. */
function deviationOf({ input, output, claimedInputTokens, claimedOutputTokens }: MeasuredLeg): bigint | undefined {
  const pairs = [
    { counted: input, claimed: claimedInputTokens },
    { counted: output, claimed: claimedOutputTokens },
  ].filter(({ counted, claimed }) => counted !== undefined && counted.method !== REPORTED && claimed !== undefined);
  if (pairs.length === 0) return undefined;
  return deviationPpm(
    pairs.reduce((sum, { claimed }) => sum + (claimed ?? 0n), 0n),
    pairs.reduce((sum, { counted }) => sum + (counted?.tokens ?? 0n), 0n),
  );
}

/** Largest remainder; where nothing cost anything, a single leg takes all. */
function shareOut(priced: readonly PricedLeg[], cents: bigint): bigint[] {
  const costless = cents > 0n && costOfLegs(priced) === 0n;
  if (costless && priced.length === 1) return [cents];
  if (costless) {
    throw invalidInput([{ field: 'amount_cents', description: 'cannot be shared: none of the legs cost anything' }]);
  }
  return splitEarnings(priced, cents);
}

function indexOfLargest(shares: readonly bigint[]): number {
  return shares.reduce((best, share, index) => (share > (shares[best] ?? 0n) ? index : best), 0);
}

function candidateOf({ candidates }: CaptureQuestion, { providerId }: MeasuredLeg, index: number): Candidate {
  const candidate = candidates.find((pinned) => pinned.providerId === providerId);
  if (candidate !== undefined) return candidate;
  throw heidrunFaults.PROVIDER_NOT_PINNED(`provider ${providerId} is not a candidate of this hold`, {
    metadata: { provider_id: providerId },
    violations: [{ field: `legs.${index}.provider_id`, description: 'is not a candidate of this hold' }],
  });
}

function bookOf(books: ReadonlyMap<string, ProviderBook>, { providerId }: { providerId: string }): ProviderBook {
  return books.get(providerId) ?? { providerId, commissionCarry: 0n, claims: 0n, meanDeviationPpm: 0n };
}

function amountExceedsHold(amount: bigint, held: bigint): Error {
  return heidrunFaults.AMOUNT_EXCEEDS_HOLD(`${amount} cents were to be captured, ${held} are held`, {
    metadata: { held_cents: String(held) },
    violations: [{ field: 'amount_cents', description: `must be at most ${held}` }],
  });
}
