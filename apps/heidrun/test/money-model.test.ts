import { heidrun } from '@edda/contracts';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountOperations } from './money-model/account-operations.ts';
import { createMoneyModel, type MoneyModel } from './money-model/money-model.ts';
import { type MoneyMarket, openMoneyMarket } from './money-model/money-market.ts';
import { type MoneyRun, startMoneyRun } from './money-model/money-run.ts';
import { expectCarries } from './money-model/expect-carries.ts';
import { expectConserved, expectHonest } from './money-model/expect-conserved.ts';
import { type AnyOperation } from './money-model/operation.ts';
import { paymentOperations } from './money-model/payment-operations.ts';
import { replayOf, timeLimitMs } from './money-model/replay.ts';
import { requestOperations } from './money-model/request-operations.ts';
import { scheduleOperations } from './money-model/schedule-operations.ts';
import { worldOperations } from './money-model/world-operations.ts';
import { captureRequest, counted, holdRequest } from './support/start-heidrun.ts';

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
  ...[requestOperations, paymentOperations, accountOperations, scheduleOperations, others].flatMap((some) =>
    Object.values(some),
  ),
];
const { parameters, tell } = replayOf('money-model.test.ts');

/** A run against the service that leaves nothing behind for the next one. */
async function inRun(act: (model: MoneyModel, run: MoneyRun) => Promise<void>): Promise<void> {
  const model = createMoneyModel(market.h.clock.now().getTime(), await market.books());
  const run = await startMoneyRun(market, model);
  await act(model, run).finally(() => market.endRun());
  expect(await market.violations()).toEqual([]);
}

describe('money, whatever is done to it in whatever order (domain rules, Money and Ledger)', () => {
  it(
    'is where a model of a few numbers says, after each of any operations',
    async () => {
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
      tell(await fc.check(property, parameters.check(12)));
    },
    2 * timeLimitMs,
  );

  it(
    'is neither made nor lost by operations at the same time, and each that is answered is in the books',
    async () => {
      const calls = fc.array(fc.oneof(...operations.map(({ call }) => call)), {
        minLength: 24,
        maxLength: 60,
        size: 'max',
      });
      const property = fc.asyncProperty(calls, (given) =>
        inRun(async (_, run) => {
          for (let begun = 0; begun < given.length; begun += 8) {
            const answers = await Promise.all(given.slice(begun, begun + 8).map(({ call }) => call(run)));
            for (const answer of answers) expectHonest(answer);
          }
          await market.sweep();
          await expectConserved(run);
        }),
      );
      // Which calls meet differs each time: there is nothing to make smaller.
      tell(await fc.check(property, { ...parameters.check(12), endOnFailure: true }));
    },
    2 * timeLimitMs,
  );

  it('is held against what its own people did, whatever others buy meanwhile', async () => {
    await inRun(async (_, run) => {
      const hold = await run.market.preAuth.preAuthorize(
        holdRequest(run.cast.users[0] ?? '', [run.cast.providers[0] ?? '']),
      );
      const legs = [{ providerId: run.cast.providers[0] ?? '', ...counted(500n, 0n) }];
      await expectConserved(run);
      const { capturedCents } = await run.market.preAuth.capturePreAuth(captureRequest(hold.preauthId, legs));
      await expect(expectConserved(run), 'a capture nobody was told of').rejects.toThrow('deeply equal');
      run.captured.set(hold.preauthId, Number(capturedCents));
      const others = await market.cast(createMoneyModel(0, await market.books()));
      const bought = { idempotencyKey: run.key(), userId: others.users[0] ?? '', amountCents: 500n };
      await market.admin.topUp(heidrun.TopUpRequest.fromPartial(bought));
      await expectConserved(run);
    });
  });
});
