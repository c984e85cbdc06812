import { common } from '@edda/contracts';

const { EXACT, ESTIMATED, REPORTED } = common.TokenMethod;

/** How a provider's claims compare with our counts so far. */
export interface ClaimRecord {
  claims: bigint;
  /** Rolling mean of (claimed − counted) / counted, in parts per million; may be negative. */
  meanDeviationPpm: bigint;
}

/** A claim within 10 % of our estimate may be billed … */
const ACCEPT_WITHIN_PERCENT = 10n;
/** … while the provider's rolling mean deviation is at most 3 %. */
const MAX_MEAN_PPM = 30_000n;
/** Claims the rolling mean looks back on, roughly: newer ones weigh at least 1/100. */
const WINDOW = 100n;
/** One wild claim moves the mean no more than one that is off by 100 %. */
const MAX_DEVIATION_PPM = 1_000_000n;

export interface Billed {
  tokens: bigint;
  method: common.TokenMethod;
}

/**
 * What is billed of one count (domain rules, Metering): ours where EXACT; where ESTIMATED the provider's claim, if it
 * lies within 10 % of the estimate and the provider is trusted, else the lower of the two. A count given by the caller
 * is billed as given.
 */
export function billedCount(
  counted: { tokens: bigint; method: common.TokenMethod },
  claimed: bigint | undefined,
  record: ClaimRecord,
): Billed {
  if (counted.method !== ESTIMATED || claimed === undefined) return { tokens: counted.tokens, method: counted.method };
  const accepted = isTrusted(record) && within(claimed, counted.tokens);
  if (accepted || claimed < counted.tokens) return { tokens: claimed, method: REPORTED };
  return { tokens: counted.tokens, method: ESTIMATED };
}

const isTrusted = ({ meanDeviationPpm }: ClaimRecord): boolean => absolute(meanDeviationPpm) <= MAX_MEAN_PPM;

const within = (claimed: bigint, counted: bigint): boolean =>
  absolute(claimed - counted) * 100n <= counted * ACCEPT_WITHIN_PERCENT;

const absolute = (value: bigint): bigint => (value < 0n ? -value : value);

/** (claimed − counted) / counted in parts per million, held within ±100 %; undefined when both are 0. */
export function deviationPpm(claimed: bigint, counted: bigint): bigint | undefined {
  if (counted === 0n) return claimed === 0n ? undefined : MAX_DEVIATION_PPM;
  const ppm = ((claimed - counted) * 1_000_000n) / counted;
  return ppm > MAX_DEVIATION_PPM ? MAX_DEVIATION_PPM : ppm;
}

/** The record after one more claim. */
export function withClaim(record: ClaimRecord, ppm: bigint): ClaimRecord {
  const claims = record.claims + 1n;
  const weight = claims < WINDOW ? claims : WINDOW;
  return { claims, meanDeviationPpm: record.meanDeviationPpm + (ppm - record.meanDeviationPpm) / weight };
}

const strength: Partial<Record<common.TokenMethod, number>> = { [REPORTED]: 0, [ESTIMATED]: 1, [EXACT]: 2 };

/** The weakest of several counts' methods: REPORTED, then ESTIMATED, then EXACT; REPORTED for none. */
export function weakestMethod(methods: readonly common.TokenMethod[]): common.TokenMethod {
  if (methods.length === 0) return REPORTED;
  return methods.reduce((weakest, method) => ((strength[method] ?? 0) < (strength[weakest] ?? 0) ? method : weakest));
}
