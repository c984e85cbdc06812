import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountOperations } from './money-model/account-operations.ts';
import { createMoneyModel, type MoneyModel } from './money-model/money-model.ts';
import { type MoneyMarket, openMoneyMarket } from './money-model/money-market.ts';
import { type MoneyRun, startMoneyRun } from './money-model/money-run.ts';
import { expectCarries } from './money-model/expect-carries.ts';
import { type Books, expectConserved, expectHonest } from './money-model/expect-conserved.ts';
import { type AnyOperation } from './money-model/operation.ts';
import { paymentOperations } from './money-model/payment-operations.ts';
import { replayOf } from './money-model/replay.ts';
import { requestOperations } from './money-model/request-operations.ts';
import { worldOperations } from './money-model/world-operations.ts';

let market: MoneyMarket;

beforeAll(async () => {
  market = await openMoneyMarket();
});
afterAll(() => market.close());

const { preAuthorize, captureHold, giveBack } = requestOperations;
const { topUp, requestPayout } = paymentOperations;
const { provider, ...others } = worldOperations;
/** What everything else needs comes up more often. */
const operations: AnyOperation[] = [
  ...Array.from({ length: 6 }, () => preAuthorize),
  ...Array.from({ length: 6 }, () => captureHold),
  ...[topUp, topUp, giveBack, giveBack, requestPayout],
  ...[requestOperations, paymentOperations, accountOperations, others].flatMap((some) => Object.values(some)),
];
const { numRuns, parameters, tell } = replayOf('money-model.test.ts');

/** Making a failure smaller ends in time for it to be told, ms. */
const interruptAfterTimeLimit = 300_000;

/** A run against the service that leaves nothing behind for the next one. */
async function inRun(act: (model: MoneyModel, run: MoneyRun, before: Books) => Promise<void>): Promise<void> {
  const before = await market.books();
  const model = createMoneyModel(market.h.clock.now().getTime(), before);
  const run = await startMoneyRun(market, model);
  await act(model, run, before).finally(() => market.endRun());
  expect(await market.violations()).toEqual([]);
}

describe('money, whatever is done to it in whatever order (domain rules, Money and Ledger)', () => {
  it('is where a model of a few numbers says, after each of any operations', async () => {
    const commands = fc.commands(
      [...operations, provider].map(({ command }) => command),
      { maxCommands: 60, size: 'max', ...parameters.commands },
    );
    const property = fc.asyncProperty(commands, (given) =>
      inRun(async (model, real) => {
        await fc.asyncModelRun(() => ({ model, real }), given);
        await expectCarries(model, real);
      }),
    );
    tell(await fc.check(property, { numRuns: numRuns(20), interruptAfterTimeLimit, ...parameters.check }));
  }, 600_000);

  it('is neither made nor lost by operations at the same time, and each that is answered is in the books', async () => {
    const calls = fc.array(fc.oneof(...operations.map(({ call }) => call)), {
      minLength: 24,
      maxLength: 60,
      size: 'max',
    });
    const property = fc.asyncProperty(calls, (given) =>
      inRun(async (_, run, before) => {
        let captured = 0n;
        for (let begun = 0; begun < given.length; begun += 8) {
          const answers = await Promise.all(given.slice(begun, begun + 8).map(({ call }) => call(run)));
          for (const answer of answers) {
            expectHonest(answer);
            if ('earnings' in answer && answer['replayed'] === false) captured += BigInt(String(answer['captured']));
          }
        }
        await market.sweep();
        await expectConserved(run, before, captured);
      }),
    );
    // Which calls meet differs each time: there is nothing to make smaller.
    tell(
      await fc.check(property, {
        numRuns: numRuns(15),
        endOnFailure: true,
        interruptAfterTimeLimit,
        ...parameters.check,
      }),
    );
  }, 600_000);
});
