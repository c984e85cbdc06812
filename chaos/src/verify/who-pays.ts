import { type Bill, type BilledLeg, type CapturedLeg, type FixedPrice } from './bill.ts';

/** A row of domain.md's table of who pays what, for a request that is over. */
interface Row {
  name: string;
  /** Whether the input is billed; `checkpointed` as it was put down, or whole. */
  input: 'once' | 'none' | 'checkpointed';
}

/** What captures money, by how the answer ended. Written anew from the table: none of it is the services' own code. */
const captured: Readonly<Record<string, Row>> = {
  STOP: { name: 'completed', input: 'once' },
  LENGTH: { name: 'completed', input: 'once' },
  TOOL_CALLS: { name: 'completed', input: 'once' },
  CONTENT_FILTER: { name: 'completed', input: 'once' },
  CANCELLED: { name: 'cancelled after the first token', input: 'once' },
  PROVIDER_FAILED: { name: 'failed after the first token, nobody continued', input: 'none' },
  RECOVERED: { name: 'our own fault after delivery', input: 'checkpointed' },
};

/** What contradicts the table of who pays what; one line in words for each. Nothing for a transaction that is not over. */
export function whoPaysProblems(bill: Bill): string[] {
  if (bill.state === 'PENDING' || bill.state === 'PROCESSING') return [];
  const problems = bill.state === 'COMPLETED' ? completedProblems(bill) : unpaidProblems(bill);
  return [...problems, ...receiptProblems(bill)].map((problem) => `transaction ${bill.id} (${bill.state}): ${problem}`);
}

/** FAILED and CANCELLED: nobody pays, nobody earns, the hold is given back. */
function unpaidProblems(bill: Bill): string[] {
  const { state, checkpoint, legs, costCents, earningsCents, feeCents, releasedCents, hold } = bill;
  // A hold that came after its transaction was given up is released without it.
  const heldCents = bill.started === undefined && releasedCents === 0n ? 0n : (hold?.heldCents ?? 0n);
  if (state !== 'FAILED' && state !== 'CANCELLED') return ['is in no state in which a request may end here'];
  const delivered = checkpoint.reduce((sum, { outputTokens }) => sum + outputTokens, 0n);
  return [
    ...unless(costCents === 0n && earningsCents === 0n && feeCents === 0n, 'has a bill although nothing may be paid'),
    ...unless(legs.length === 0, `has ${legs.length} legs although nobody may earn`),
    ...unless(bill.capture === undefined, `${bill.capture?.cents} cents were captured although nothing may be paid`),
    ...unless(hold?.resolution !== 'CAPTURED', 'its hold was captured'),
    ...unless(releasedCents === heldCents, `released ${releasedCents} of ${heldCents} cents held`),
    ...unless(bill.finish === 'UNSPECIFIED', `ended as ${bill.finish} although there is no answer`),
    ...unless(delivered === 0n, `${delivered} tokens were delivered, yet nothing was billed`),
    ...unless((bill.failureReason === '') === (state === 'CANCELLED'), `has the reason “${bill.failureReason}”`),
  ];
}

function completedProblems(bill: Bill): string[] {
  const { capture, hold, finish, outputTokens, started, costCents, releasedCents } = bill;
  if (capture === undefined || hold === undefined) return ['was completed without a capture'];
  const { heldCents } = hold;
  // Recovery adopts what Heidrun has captured before, however the answer ended by then.
  const row = captured[capture.finish];
  if (row === undefined) return [`was captured as ${capture.finish}, which the table does not know`];
  return [
    ...unless(hold.resolution === 'CAPTURED', `its hold is ${hold.resolution ?? 'open'}`),
    ...unless(
      finish === capture.finish || finish === 'RECOVERED',
      `is ${finish}, but was captured as ${capture.finish}`,
    ),
    ...unless(outputTokens > 0n, 'nothing was delivered, yet it is billed'),
    ...unless(
      (started?.heldCents ?? heldCents) === heldCents,
      `holds ${started?.heldCents} cents, Heidrun ${heldCents}`,
    ),
    ...unless(costCents <= heldCents, `costs ${costCents} cents, more than the ${heldCents} that were held`),
    ...unless(
      costCents + releasedCents === heldCents,
      `${costCents} paid and ${releasedCents} released are not ${heldCents}`,
    ),
    ...legProblems(bill, capture.legs),
    ...inputProblems(bill, row, capture.legs),
    ...outputProblems(bill, capture),
    ...priceProblems(bill, hold.pinned),
    ...moneyProblems(bill, hold, capture.cents),
  ];
}

/** Both sides tell the same of who delivered how much. */
function legProblems({ legs, inputTokens, outputTokens }: Bill, known: readonly CapturedLeg[]): string[] {
  const text = (leg: Pick<BilledLeg, 'providerId' | 'inputTokens' | 'outputTokens'>) =>
    `${leg.providerId} ${leg.inputTokens}+${leg.outputTokens}`;
  const [ours, theirs] = [legs.map(text).join(', '), known.map(text).join(', ')];
  const sum = (part: 'inputTokens' | 'outputTokens') => legs.reduce((total, leg) => total + leg[part], 0n);
  return [
    ...unless(ours === theirs, `its legs are ${ours}; Heidrun captured ${theirs}`),
    ...unless(sum('inputTokens') === inputTokens, `bills ${inputTokens} input tokens, its legs ${sum('inputTokens')}`),
    ...unless(
      sum('outputTokens') === outputTokens,
      `bills ${outputTokens} output tokens, its legs ${sum('outputTokens')}`,
    ),
  ];
}

/** Input is paid for once, to the one that finished, or not at all. */
function inputProblems(bill: Bill, row: Row, captures: readonly CapturedLeg[]): string[] {
  const [last, ...others] = bill.legs.toReversed();
  if (last === undefined) return ['has no legs'];
  const claimed = captures.at(-1)?.claimedInputTokens;
  const checkpointed = bill.checkpoint.reduce((sum, { inputTokens }) => sum + inputTokens, 0n);
  const allowed = {
    none: [0n],
    once: mayBill(bill.estimatedInputTokens, claimed),
    checkpointed: [bill.checkpoint.length === 0 ? bill.estimatedInputTokens : checkpointed],
  }[row.input];
  return [
    ...unless(
      allowed.includes(last.inputTokens),
      `“${row.name}” bills ${last.inputTokens} input tokens instead of ${allowed.join(' or ')}`,
    ),
    ...unless(
      others.every(({ inputTokens }) => inputTokens === 0n),
      'bills its input more than once',
    ),
  ];
}

/** What was counted, or what a provider claimed: less than was counted, or more by a tenth at most. */
function mayBill(counted: bigint, claimed: bigint | undefined): bigint[] {
  if (claimed === undefined || (claimed - counted) * 10n > counted) return [counted];
  return [counted, claimed];
}

function outputProblems(bill: Bill, { finish, legs }: NonNullable<Bill['capture']>): string[] {
  const checkpointed = bill.checkpoint.reduce((sum, { outputTokens }) => sum + outputTokens, 0n);
  const { outputTokens, started } = bill;
  const budget = started?.outputBudgetTokens ?? outputTokens;
  return [
    ...legs.flatMap(
      ({ providerId, outputTokens: billed, countedOutputTokens: counted, claimedOutputTokens: claimed }) => {
        // Counts that Njörðr gave are held against the checkpoint below.
        const allowed = counted === 0n ? [billed] : mayBill(counted, claimed);
        return unless(allowed.includes(billed), `${providerId} delivered ${counted} tokens, and is paid ${billed}`);
      },
    ),
    ...unless(outputTokens <= budget, `bills ${outputTokens} tokens of a budget of ${budget}`),
    // A capture of counts was made by recovery, which knows the checkpoint and nothing else.
    ...unless(
      finish !== 'RECOVERED' || (legs.every(isGiven) ? outputTokens === checkpointed : outputTokens >= checkpointed),
      `recovered ${outputTokens} output tokens, ${checkpointed} were put down`,
    ),
  ];
}

const isGiven = ({ countedOutputTokens }: CapturedLeg): boolean => countedOutputTokens === 0n;

/** Every leg is paid at the price its hold fixed, which is never older than the one that was quoted. */
function priceProblems({ legs, quoted }: Bill, pinned: readonly FixedPrice[]): string[] {
  return legs.flatMap((leg) => {
    const fixed = pinned.find(({ providerId }) => providerId === leg.providerId);
    if (fixed === undefined) return [`pays ${leg.providerId}, which its hold does not name`];
    const text = ({ cents, outputCents, unitTokens, version }: FixedPrice) =>
      `${cents}/${outputCents ?? cents} cents per ${unitTokens} (version ${version})`;
    return [
      ...unless(text(leg) === text(fixed), `pays ${leg.providerId} ${text(leg)}; held were ${text(fixed)}`),
      ...unless(
        (quoted.get(leg.providerId) ?? 0n) <= fixed.version,
        `pays ${leg.providerId} by version ${fixed.version}, quoted was ${quoted.get(leg.providerId)}`,
      ),
    ];
  });
}

/** One rounding over all legs, at most the hold; the parts are the whole, and the fee is the rate but for its carry. */
function moneyProblems(bill: Bill, { heldCents, rateBps }: NonNullable<Bill['hold']>, capturedCents: bigint): string[] {
  const { legs, costCents, earningsCents, feeCents } = bill;
  const unit = legs.reduce((product, { unitTokens }) => product * unitTokens, 1n);
  const exact = legs.reduce((sum, { inputTokens, outputTokens, cents, outputCents, unitTokens }) => {
    return sum + (inputTokens * cents + outputTokens * (outputCents ?? cents)) * (unit / unitTokens);
  }, 0n);
  const due = (exact + unit - 1n) / unit;
  const wanted = due < heldCents ? due : heldCents;
  const earned = legs.reduce((sum, leg) => sum + leg.earningsCents, 0n);
  const offByBps = feeCents * 10_000n - costCents * rateBps;
  return [
    ...unless(costCents === wanted, `costs ${costCents} cents instead of ${wanted}`),
    ...unless(capturedCents === costCents, `costs ${costCents} cents, but ${capturedCents} were captured`),
    ...unless(earned === earningsCents, `earns ${earningsCents} cents, its legs ${earned}`),
    ...unless(earningsCents + feeCents === costCents, `${earningsCents} and ${feeCents} cents are not ${costCents}`),
    ...unless(offByBps > -10_000n && offByBps < 10_000n, `the fee of ${feeCents} cents is not the rate`),
  ];
}

/** Whoever is told of the bill is told this one. */
function receiptProblems(bill: Bill): string[] {
  const { receipt } = bill;
  if (receipt === undefined) return ['has no receipt'];
  const told = [
    ...[receipt.inputTokens, receipt.outputTokens, receipt.totalCostCents],
    ...[receipt.providerEarningsCents, receipt.companyFeeCents, receipt.releasedCents],
    ...receipt.legs.flatMap((leg) => [leg.providerId, leg.priceVersion, leg.priceCents, leg.earningsCents]),
  ].join(' ');
  const kept = [
    ...[bill.inputTokens, bill.outputTokens, bill.costCents, bill.earningsCents, bill.feeCents, bill.releasedCents],
    ...bill.legs.flatMap((leg) => [leg.providerId, leg.version, leg.cents, leg.earningsCents]),
  ].join(' ');
  return unless(told === kept, `its receipt says ${told} instead of ${kept}`);
}

const unless = (holds: boolean, problem: string): string[] => (holds ? [] : [problem]);
