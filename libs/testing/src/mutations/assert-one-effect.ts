import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import { type Pool } from 'pg';
import { databaseFigures, effectBetween } from './database-effect.ts';

/** One mutation with everything it needs in place, to be called with a key. */
export interface PreparedMutation {
  /** @returns the answer, without what may differ between a first answer and its repetition by contract */
  readonly call: (key: string) => Promise<unknown>;
  /** The same call with other content; left out where the key is all there is to send. */
  readonly conflicting?: (key: string) => Promise<unknown>;
  /** Awaits what the call began in the background. */
  readonly settled?: () => Promise<unknown>;
}

export interface OneEffectOptions {
  /** The database of the service under test; nothing else may write to it meanwhile. */
  pool: Pool;
  /** Makes everything anew: two prepared mutations share nothing they change. */
  prepare: () => Promise<PreparedMutation>;
  /** Tables that sweeps derive from others in their own time. */
  derived?: readonly string[];
  /** Identical calls at once; 100. */
  parallel?: number;
}

let keys = 0;

/**
 * Calls a mutation once, then its twin many times at once with one key: every answer must be the same, and the
 * database must have changed exactly as by the single call — the same number of rows in every table (events, audit
 * records and remembered keys included), the same sums in every numeric column. Then the key with other content must
 * be refused and change nothing.
 * @throws AssertionError
 */
export async function assertOneEffect(options: OneEffectOptions): Promise<void> {
  const { pool, prepare, parallel = 100, derived = [] } = options;
  const reading = { pool, derived };
  const key = `parallel-${process.pid}-${keys++}`;
  // The first call of all may open what later ones only use, such as the company's account.
  const first = await prepare();
  await effectOf(reading, first, () => first.call(`${key}-first`));
  const single = await prepare();
  const twin = await prepare();
  const expected = await effectOf(reading, single, () => single.call(`${key}-single`));
  const effect = await effectOf(reading, twin, async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: parallel }, () => twin.call(key)));
    const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [describe(outcome.reason)] : []));
    deepStrictEqual(failures, [], 'identical calls were refused');
    compareAnswers(outcomes.map((outcome) => (outcome as PromiseFulfilledResult<unknown>).value));
  });
  ok(Object.keys(expected).length > 0, 'the single call changed nothing: it proves nothing');
  deepStrictEqual(effect, expected, `${parallel} identical calls had another effect than one`);
  const { conflicting } = twin;
  if (conflicting === undefined) return;
  const refusal = await effectOf(reading, twin, async () => {
    const [outcome] = await Promise.allSettled([conflicting(key)]);
    ok(outcome.status === 'rejected', 'the key was taken with other content');
    const { reason, kind } = outcome.reason as { reason?: string; kind?: string };
    strictEqual(reason, 'IDEMPOTENCY_CONFLICT', describe(outcome.reason));
    strictEqual(kind, 'already-exists');
  });
  deepStrictEqual(refusal, {}, 'a refused repetition changed something');
}

/** Answers say by `replayed`, where they have it, whether they are the first: one is, all else is the same. */
function compareAnswers(answers: readonly unknown[]): void {
  const marked = answers.filter(hasMark);
  if (marked.length > 0) {
    strictEqual(marked.filter(({ replayed }) => !replayed).length, 1, 'answers that are not marked as replayed');
  }
  const [first, ...others] = answers.map((answer) => (hasMark(answer) ? { ...answer, replayed: true } : answer));
  for (const other of others) deepStrictEqual(other, first, 'identical calls were answered differently');
}

function hasMark(answer: unknown): answer is { replayed: boolean } {
  return typeof answer === 'object' && answer !== null && 'replayed' in answer;
}

type Reading = Required<Pick<OneEffectOptions, 'pool' | 'derived'>>;

async function effectOf({ pool, derived }: Reading, mutation: PreparedMutation, work: () => Promise<unknown>) {
  const before = await databaseFigures(pool, derived);
  await work();
  await mutation.settled?.();
  return effectBetween(before, await databaseFigures(pool, derived));
}

const describe = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return 'reason' in error ? `${String(error.reason)}: ${error.message}` : error.message;
};
