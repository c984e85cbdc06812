import { type NgramModel } from './ngram-model.ts';

/** Says which units may stand behind which, by their form alone: no word without its blank in mid-line. */
export interface Adjacency {
  /** Sets the weight of every unit that cannot stand behind `previous` to 0. */
  restrict(weights: Float64Array, previous: string): void;
}

/** Learns the allowed pairs of forms from the text: a form is a mark itself, or how a word begins. */
export function createAdjacency(model: NgramModel): Adjacency {
  const forms = model.units.map(formOf);
  const allowed = new Map<string, Set<string>>();
  for (let at = 1; at < model.text.length; at++) {
    const before = forms[model.text[at - 1] ?? 0] ?? '';
    let followers = allowed.get(before);
    if (!followers) allowed.set(before, (followers = new Set()));
    followers.add(forms[model.text[at] ?? 0] ?? '');
  }
  return {
    restrict(weights, previous) {
      const followers = allowed.get(formOf(previous));
      if (!followers) return;
      forms.forEach((form, id) => !followers.has(form) && (weights[id] = 0));
    },
  };
}

function formOf(unit: string): string {
  if (/^[\p{L}\p{N}]/u.test(unit)) return 'word';
  if (/^ [\p{L}\p{N}]/u.test(unit)) return ' word';
  return unit;
}
