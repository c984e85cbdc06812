import fc from 'fast-check';
import { expect } from 'vitest';
import { type MoneyModel } from './money-model.ts';
import { expectSettled, type MoneyRun, type Outcome, outcomeOf } from './money-run.ts';
import { followUp } from './model-payments.ts';

/** Something that can be done with money: to the model and, over gRPC, to the service. */
export interface Operation<Args> {
  name: string;
  args: fc.Arbitrary<Args>;
  /** Whether there is anything to do it with; always by default. */
  possible?: (model: MoneyModel) => boolean;
  /** Does it to the model. @returns what the service must answer */
  apply: (model: MoneyModel, args: Args) => Outcome;
  call: (run: MoneyRun, args: Args) => Promise<Outcome>;
}

/** An operation of any arguments. */
export interface AnyOperation {
  name: string;
  command: fc.Arbitrary<fc.AsyncCommand<MoneyModel, MoneyRun>>;
  /** The call alone, whose answer nobody foresees. */
  call: fc.Arbitrary<{ call: (run: MoneyRun) => Promise<Outcome>; toString: () => string }>;
}

/** Each command compares the answer, lets all follow that follows, and compares all balances. */
export function operation<Args>(defined: Operation<Args>): AnyOperation {
  const { name, args, possible, apply, call } = defined;
  const describe = (given: Args) => `${name}(${fc.stringify(given)})`;
  const command = (given: Args): fc.AsyncCommand<MoneyModel, MoneyRun> => ({
    check: (model) => possible === undefined || possible(model),
    async run(model, run) {
      const wanted = apply(model, given);
      expect(await outcomeOf(() => call(run, given)), describe(given)).toEqual(wanted);
      followUp(model);
      await expectSettled(model, run);
    },
    toString: () => describe(given),
  });
  return {
    name,
    command: args.map(command),
    call: args.map((given) => ({
      call: (run) => outcomeOf(() => call(run, given)),
      toString: () => describe(given),
    })),
  };
}

/** A number that stands for one of however many there are, mostly for one of the last. */
export const anyOne = fc.oneof({ arbitrary: fc.nat({ max: 1 }), weight: 3 }, fc.nat({ max: 99 }));
export const cents = (min: number, max: number): fc.Arbitrary<bigint> =>
  fc.bigInt({ min: BigInt(min), max: BigInt(max) });
