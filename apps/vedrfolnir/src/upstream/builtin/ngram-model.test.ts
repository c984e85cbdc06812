import { describe, expect, it } from 'vitest';
import { trainNgramModel } from './ngram-model.ts';
import { splitText } from './split-text.ts';

const text = ' the ash is the best of trees. the ash is green. the ash stands. the well is deep.';
const model = trainNgramModel(splitText(text), 3);
const probabilities = (context: string) => {
  const scores = new Float64Array(model.units.length);
  model.score(
    splitText(context).map((unit) => model.idOf.get(unit) ?? -1),
    scores,
  );
  return scores;
};
const chanceOf = (unit: string, context: string) => probabilities(context)[model.idOf.get(unit) ?? -1] ?? 0;

describe('trainNgramModel', () => {
  it('gives every context a distribution: positive, summing to 1', () => {
    for (const context of ['', ' the', ' the ash', ' never seen', ' ash is', ' trees .']) {
      const scores = probabilities(context);
      expect(Math.min(...scores)).toBeGreaterThan(0);
      expect(scores.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 10);
    }
  });

  it('prefers what the text says and leaves room for what it does not', () => {
    expect(chanceOf(' ash', '. the')).toBeGreaterThan(chanceOf(' well', '. the'));
    expect(chanceOf(' ash', '. the')).toBeGreaterThan(0.3);
    expect(chanceOf(' deep', ' the ash')).toBeGreaterThan(0);
  });

  it('judges a unit alone by how many contexts it follows, not by how often it occurs', () => {
    const repeated = trainNgramModel(splitText(' San Francisco San Francisco San Francisco a is b is c is'), 2);
    const scores = new Float64Array(repeated.units.length);
    repeated.score([], scores);
    const alone = (unit: string) => scores[repeated.idOf.get(unit) ?? -1] ?? 0;
    expect(alone(' is')).toBeGreaterThan(alone(' Francisco'));
  });
});
