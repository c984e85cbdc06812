import { type Adjacency } from './adjacency.ts';
import { chooseUnit } from './choose-unit.ts';
import { draw } from './draw.ts';
import { type NgramModel } from './ngram-model.ts';
import { PARAGRAPH, splitText } from './split-text.ts';

export interface WritingOptions {
  adjacency: Adjacency;
  /** Factor per unit, at least 0. */
  weights: Float64Array;
  temperature: number;
  topP: number;
  seed: number;
  /** A given beginning to go on behind; a word cut off at its end is completed first. */
  continueFrom: string;
}

// Keeps the draws that end an answer apart from those that choose its words.
const ENDING_DRAWS = 2 ** 40;
const CHANCE_TO_END_AT_PARAGRAPH = 0.5;

/**
 * Writes units of text until the answer comes to an end by itself (at a paragraph's end). The draw for
 * a unit depends on the seed and on how many units stand before it, so a continuation of any beginning
 * cut between words is exactly what the uninterrupted answer would have been.
 */
export function* writeUnits(model: NgramModel, options: WritingOptions): Generator<string> {
  const { weights, temperature, topP, seed } = options;
  const given = splitText(options.continueFrom);
  let unfinished = takeUnfinished(model, given);
  const breakId = model.idOf.get(PARAGRAPH) ?? -1;
  let previous = given.at(-1) ?? PARAGRAPH;
  const context = [breakId, ...given.map((unit) => model.idOf.get(unit) ?? -1)];
  const scores = new Float64Array(model.units.length);

  for (let position = given.length; ; position++) {
    model.score(context.slice(-(model.order - 1)), scores);
    for (let id = 0; id < scores.length; id++) scores[id] = (scores[id] ?? 0) * (weights[id] ?? 1);
    const sofar = unfinished;
    if (sofar !== '') scores.forEach((_, id) => !model.units[id]?.startsWith(sofar) && (scores[id] = 0));
    options.adjacency.restrict(scores, previous);
    const id = chooseUnit(scores, temperature, topP, draw(seed, position));
    const unit = model.units[id];
    if (unit === undefined) return;
    if (id === breakId && draw(seed, ENDING_DRAWS + position) < CHANCE_TO_END_AT_PARAGRAPH) return;
    yield options.continueFrom === '' && position === 0 ? unit.trimStart() : unit.slice(sofar.length);
    unfinished = '';
    previous = unit;
    context.push(id);
    if (context.length > 64) context.splice(0, 32);
  }
}

/** Removes and returns a last unit that only begins a word the model knows. */
function takeUnfinished(model: NgramModel, given: string[]): string {
  const last = given.at(-1);
  if (last === undefined || model.idOf.has(last)) return '';
  if (!model.units.some((unit) => unit.startsWith(last))) return '';
  given.pop();
  return last;
}
