import { describe, expect, it } from 'vitest';
import { type Bill } from '../src/verify/bill.ts';
import { whoPaysProblems } from '../src/verify/who-pays.ts';
import { exampleBill, leg, receiptOf, unpaidBill } from './support/example-bill.ts';

/** Input of nobody: 1,000 output tokens alone. */
const onlyOutput: Partial<Bill> = {
  ...{ inputTokens: 0n, costCents: 40n, earningsCents: 34n, feeCents: 6n, releasedCents: 60n },
  legs: [leg('p1', 0n, 1_000n, 34n)],
};
const captureOf = (bill: Bill, changes: Partial<NonNullable<Bill['capture']>>) => ({ ...bill.capture!, ...changes });
const onlyOutputAs = (finish: Bill['finish'], changes: Partial<Bill> = {}) => {
  const bill = exampleBill(onlyOutput, finish);
  return { ...bill, capture: captureOf(bill, { cents: 40n }), ...changes };
};
const twoLegs = (first: bigint, second: bigint) => {
  const legs = [leg('p1', first, 400n, 17n), leg('p2', second, 600n, 34n)];
  return exampleBill({ legs });
};
/** Counted by Njörðr before it died, so that Heidrun has no count of its own. */
const recovered = (checkpoint: Bill['checkpoint']) => {
  const bill = exampleBill({ checkpoint }, 'RECOVERED');
  return {
    ...bill,
    capture: captureOf(bill, { legs: bill.capture!.legs.map((known) => ({ ...known, countedOutputTokens: 0n })) }),
  };
};
const putDown = (inputTokens: bigint, outputTokens: bigint) => [{ providerId: 'p1', inputTokens, outputTokens }];

describe('every row of the table of who pays what, as it should be, is accepted', () => {
  it.each<[string, Bill]>([
    ['completed', exampleBill()],
    ['completed, cut at the hold', exampleBill({}, 'LENGTH')],
    ['cancelled before the first token', unpaidBill('CANCELLED')],
    ['cancelled, or client gone, after the first token', exampleBill({}, 'CANCELLED')],
    ['the next one answers: input once, to the one that finished', twoLegs(0n, 500n)],
    ['nobody continues: the output without the input', onlyOutputAs('PROVIDER_FAILED')],
    ['every attempt fails', unpaidBill('FAILED')],
    [
      'refused before anything was held',
      unpaidBill('FAILED', { hold: undefined, started: undefined, releasedCents: 0n }),
    ],
    ['our own fault: the last checkpoint', recovered(putDown(500n, 1_000n))],
    [
      'our own fault: a capture that was adopted',
      exampleBill({ finish: 'RECOVERED', checkpoint: putDown(500n, 900n) }),
    ],
    ['still under way', unpaidBill('FAILED', { state: 'PROCESSING', receipt: undefined })],
  ])('%s', (_, bill) => expect(whoPaysProblems(bill)).toEqual([]));
});

describe('what contradicts the table is found', () => {
  const completed = exampleBill();
  it.each<[string, Bill, RegExp]>([
    ['a bill of a cancelled request', unpaidBill('CANCELLED', { costCents: 1n }), /has a bill although/],
    ['a capture of a failed one', unpaidBill('FAILED', { capture: completed.capture }), /60 cents were captured/],
    [
      'output that was delivered, and not billed',
      unpaidBill('FAILED', { checkpoint: putDown(500n, 3n) }),
      /3 tokens were delivered/,
    ],
    ['a hold that is not given back', unpaidBill('FAILED', { releasedCents: 99n }), /released 99 of 100/],
    ['a failure without a reason', unpaidBill('FAILED', { failureReason: '' }), /has the reason “”/],
    ['completed without a capture', exampleBill({ capture: undefined }), /without a capture/],
    [
      'completed with nothing',
      exampleBill({ outputTokens: 0n, legs: [leg('p1', 500n, 0n, 51n)] }),
      /nothing was delivered/,
    ],
    [
      'another end than was captured',
      exampleBill({ finish: 'CANCELLED', capture: completed.capture }),
      /is CANCELLED, but was captured as STOP/,
    ],
    ['input although nobody finished', exampleBill({}, 'PROVIDER_FAILED'), /bills 500 input tokens instead of 0/],
    ['no input although it finished', onlyOutputAs('STOP'), /bills 0 input tokens instead of 500/],
    ['input to the one that did not finish', twoLegs(500n, 0n), /bills its input more than once/],
    ['less than was put down', recovered(putDown(500n, 1_200n)), /recovered 1000 output tokens, 1200 were/],
    ['more than was put down', recovered(putDown(500n, 800n)), /recovered 1000 output tokens, 800 were/],
    ['more than was held', exampleBill({ hold: { ...completed.hold!, heldCents: 59n } }), /more than the 59/],
    [
      'more output than was allowed',
      exampleBill({ started: { heldCents: 100n, outputBudgetTokens: 999n } }),
      /of a budget of 999/,
    ],
    [
      'a claim far above the count',
      exampleBill({
        capture: captureOf(completed, {
          legs: [{ ...completed.capture!.legs[0]!, countedOutputTokens: 700n, claimedOutputTokens: 1_000n }],
        }),
      }),
      /delivered 700 tokens, and is paid 1000/,
    ],
    [
      'another price than was held',
      exampleBill({ legs: [{ ...leg('p1', 500n, 1_000n, 51n), version: 1n }] }),
      /version 1\); held were 40\/40 cents per 1000 \(version 2\)/,
    ],
    ['an older price than was quoted', exampleBill({ quoted: new Map([['p1', 3n]]) }), /quoted was 3/],
    [
      'a provider nobody held for',
      exampleBill({ legs: [leg('p3', 500n, 1_000n, 51n)] }),
      /which its hold does not name/,
    ],
    [
      'a cent too much',
      exampleBill({ costCents: 61n, feeCents: 10n, releasedCents: 39n }),
      /costs 61 cents instead of 60/,
    ],
    [
      'a cent taken from the provider',
      exampleBill({ earningsCents: 50n, feeCents: 10n, legs: [leg('p1', 500n, 1_000n, 50n)] }),
      /the fee of 10 cents is not the rate/,
    ],
    [
      'parts that are not the whole',
      exampleBill({ earningsCents: 50n, legs: [leg('p1', 500n, 1_000n, 50n)] }),
      /50 and 9 cents are not 60/,
    ],
    [
      'another amount at Heidrun',
      exampleBill({ capture: captureOf(completed, { cents: 59n }) }),
      /but 59 were captured/,
    ],
    [
      'a receipt that says otherwise',
      { ...completed, receipt: { ...receiptOf(completed), totalCostCents: 59n } },
      /its receipt says/,
    ],
    ['no receipt', exampleBill({ receipt: undefined }), /has no receipt/],
    ['a state nobody reaches', unpaidBill('FAILED', { state: 'REFUNDED' }), /in no state/],
  ])('%s', (_, bill, problem) => expect(whoPaysProblems(bill).join('\n')).toMatch(problem));
});
