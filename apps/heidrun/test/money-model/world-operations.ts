import fc from 'fast-check';
import { recent } from './money-model.ts';
import { anyOne, operation } from './operation.ts';

const seconds = (count: number) => count * 1_000;
const day = 86_400_000;

const wait = operation({
  name: 'time passes',
  args: fc.record({
    ms: fc.oneof(
      { arbitrary: fc.constantFrom(seconds(10), seconds(50), seconds(100)), weight: 3 },
      { arbitrary: fc.constantFrom(seconds(1_000), day, 2 * day, 8 * day), weight: 1 },
    ),
  }),
  apply(model, { ms }) {
    model.now += ms;
    return {};
  },
  call(run, { ms }) {
    run.market.h.clock.advance(ms);
    return Promise.resolve({});
  },
});

/** Longer than the longest pause between two attempts. */
const backAfterMs = seconds(3_601);

const provider = operation({
  name: 'the payment provider goes or comes back',
  args: fc.record({}),
  apply(model) {
    model.providerAnswers = !model.providerAnswers;
    if (model.providerAnswers) model.now += backAfterMs;
    return { answers: model.providerAnswers };
  },
  async call(run) {
    const answers = await run.market.toggleProvider();
    if (answers) run.market.h.clock.advance(backAfterMs);
    return { answers };
  },
});

/** Idempotency keys are kept so long (domain rules, Idempotency); later, the same call is another one. */
const keysLastMs = 7 * day;

const again = operation({
  name: 'a call made again',
  args: fc.record({ call: anyOne }),
  possible: ({ holds }) => holds.length > 0,
  apply: () => ({ same: true }),
  async call(run, { call }) {
    const isKept = ({ at }: { at: number }) => at > run.market.h.clock.now().getTime() - keysLastMs;
    const remembered = run.done.filter(isKept);
    if (remembered.length === 0) return { same: true };
    const made = recent(remembered, call);
    const { replayed, ...repeated } = (await made.again()) as Record<string, unknown>;
    // Days may have passed before the service looked at it: it was another call then.
    if (!isKept(made)) return { same: true };
    const { answer } = made;
    const wanted = { ...answer, replayed: true };
    const found = { ...repeated, replayed };
    return fc.stringify(found) === fc.stringify(wanted) ? { same: true } : { found, wanted };
  },
});

export const worldOperations = { wait, provider, again };
