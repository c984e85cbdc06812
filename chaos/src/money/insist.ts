import { setTimeout as sleep } from 'node:timers/promises';
import { asFault, type FaultKind } from '@edda/faults';
import { type Random } from '../market/random.ts';

/** What an operation must answer whenever it is repeated. */
export type Answer = Readonly<Record<string, string | bigint>>;

/** One operation a client wanted once, and what it was told in the end. */
export interface MoneyDeed {
  what: string;
  key: string;
  calls: number;
  answer: Answer | undefined;
  /** Why it was refused for good; undefined with an answer, and where none ever came. */
  refused: string | undefined;
  /** Answers that were not the first one. */
  differing: string[];
  /** The same call with the same key. */
  call: () => Promise<Answer>;
}

const maxCalls = 100;
const transient = new Set<FaultKind>([
  ...(['unavailable', 'internal', 'deadline', 'cancelled', 'exhausted', 'conflict'] as const),
]);

/** Calls, and calls again with the same key, until there is an answer or an honest refusal; then at times once more. */
export async function insist(
  what: string,
  key: string,
  random: Random,
  call: () => Promise<Answer>,
): Promise<MoneyDeed> {
  const deed: MoneyDeed = { what, key, calls: 0, answer: undefined, refused: undefined, differing: [], call };
  const wanted = random.next() < 0.3 ? 2 : 1;
  let answers = 0;
  while (deed.calls < maxCalls && answers < wanted && deed.refused === undefined) {
    deed.calls += 1;
    try {
      noteAnswer(deed, await call());
      answers += 1;
    } catch (error) {
      const { kind, reason } = asFault(error);
      if (!transient.has(kind)) noteRefusal(deed, reason);
      else await sleep(random.between(50, 300));
    }
  }
  return deed;
}

/** Once more when all is quiet. */
export async function repeat(deed: MoneyDeed): Promise<void> {
  try {
    noteAnswer(deed, await deed.call());
  } catch (error) {
    deed.differing.push(asFault(error).reason);
  }
}

function noteAnswer(deed: MoneyDeed, answer: Answer): void {
  deed.answer ??= answer;
  if (textOf(answer) !== textOf(deed.answer)) deed.differing.push(textOf(answer));
}

/** Whoever had an answer once may not be refused later. */
function noteRefusal(deed: MoneyDeed, reason: string): void {
  if (deed.answer === undefined) deed.refused = reason;
  else deed.differing.push(reason);
}

export const textOf = (answer: Answer): string =>
  Object.entries(answer)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
