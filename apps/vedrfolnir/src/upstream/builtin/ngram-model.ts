/** A trained model: everything needed to score every unit behind a context. */
export interface NgramModel {
  /** The units it knows, by id. */
  readonly units: readonly string[];
  readonly idOf: ReadonlyMap<string, number>;
  /** Longest context + 1: 2–5. */
  readonly order: number;
  /** The training text as unit ids. */
  readonly text: Int32Array;
  /**
   * Writes P(unit | context) for every unit into `into` (sums to 1); -1 in the context stands for an unknown unit.
   */
  score(context: readonly number[], into: Float64Array): void;
}

interface Followers {
  counts: Map<number, number>;
  total: number;
}

// The usual absolute discount; estimating it from counts of counts moves it by less than 0.1 on this text.
const DISCOUNT = 0.75;

/**
 * Trains an interpolated Kneser-Ney model (Chen and Goodman 1999, section 4.1.6): the longest context
 * uses how often a unit followed, every shorter one in how many different contexts it did, and each
 * hands its discounted share on to the next shorter.
 * @param units the training text, split
 * @param order 2–5; more remembers the text better, fewer invents more
 */
export function trainNgramModel(units: readonly string[], order: number): NgramModel {
  const { vocabulary, idOf, text } = index(units);
  const levels = Array.from({ length: order }, () => new Map<string, Followers>());
  const top = levels[order - 1] ?? new Map<string, Followers>();
  for (let at = 0; at < text.length; at++) {
    const from = at - (order - 1);
    if (from >= 0) add(top, keyOf(text, from, at), text[at] ?? 0, 1);
  }
  for (let length = order - 2; length >= 0; length--) {
    continuations(levels[length + 1] ?? top, levels[length] ?? top);
  }
  const unigrams = levels[0]?.get('') ?? { counts: new Map<number, number>(), total: 0 };

  return {
    units: vocabulary,
    idOf,
    order,
    text,
    score(context, into) {
      into.fill(1 / vocabulary.length);
      mix(unigrams, into);
      for (let length = 1; length < order && length <= context.length; length++) {
        const key = context.slice(context.length - length).join(' ');
        const followers = levels[length]?.get(key);
        // A context never seen has no longer one that was.
        if (!followers) return;
        mix(followers, into);
      }
    },
  };
}

function index(units: readonly string[]) {
  const idOf = new Map<string, number>();
  const vocabulary: string[] = [];
  const text = new Int32Array(units.length);
  units.forEach((unit, at) => {
    let id = idOf.get(unit);
    if (id === undefined) {
      id = vocabulary.push(unit) - 1;
      idOf.set(unit, id);
    }
    text[at] = id;
  });
  return { vocabulary, idOf, text };
}

function keyOf(text: Int32Array, from: number, to: number): string {
  return text.subarray(from, to).join(' ');
}

function add(level: Map<string, Followers>, key: string, unit: number, count: number): void {
  let followers = level.get(key);
  if (!followers) level.set(key, (followers = { counts: new Map(), total: 0 }));
  followers.counts.set(unit, (followers.counts.get(unit) ?? 0) + count);
  followers.total += count;
}

/** Counts, for each context without its first unit, in how many different longer contexts a unit followed. */
function continuations(longer: Map<string, Followers>, shorter: Map<string, Followers>): void {
  for (const [key, followers] of longer) {
    const blank = key.indexOf(' ');
    const tail = blank < 0 ? '' : key.slice(blank + 1);
    for (const unit of followers.counts.keys()) add(shorter, tail, unit, 1);
  }
}

function mix(followers: Followers, into: Float64Array): void {
  const { counts, total } = followers;
  if (total === 0) return;
  const handedOn = (DISCOUNT * counts.size) / total;
  for (let id = 0; id < into.length; id++) into[id] = (into[id] ?? 0) * handedOn;
  for (const [id, count] of counts) into[id] = (into[id] ?? 0) + Math.max(count - DISCOUNT, 0) / total;
}
