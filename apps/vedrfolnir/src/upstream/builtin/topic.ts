import { PARAGRAPH, plainWord } from './split-text.ts';
import { type NgramModel } from './ngram-model.ts';

export interface TopicIndex {
  /**
   * A factor of at least 1 per unit: words of the prompt, and words that stand near them in the text.
   * @param prompt plain words of the whole prompt, later ones counting more
   */
  weightsFor(prompt: readonly string[]): Float64Array;
}

// Strong enough to choose among what may follow, too weak to break a grammatical run of words.
const PROMPT_WORD_BOOST = 6;
const NEIGHBOUR_BOOST = 3;

/** Prepares the text's paragraphs for the question which of them a prompt is nearest to (tf–idf overlap). */
export function createTopicIndex(model: NgramModel): TopicIndex {
  const plain = model.units.map(plainWord);
  const isWord = plain.map((word) => /^[\p{L}\p{N}]/u.test(word));
  const paragraphs = paragraphsOf(model);
  const paragraphsWith = new Map<string, number[]>();
  paragraphs.forEach(({ from, to }, at) => {
    for (const word of new Set([...model.text.subarray(from, to)].map((id) => plain[id] ?? ''))) {
      const list = paragraphsWith.get(word);
      if (list) list.push(at);
      else paragraphsWith.set(word, [at]);
    }
  });
  const rarity = (word: string) => Math.log((paragraphs.length + 1) / ((paragraphsWith.get(word)?.length ?? 0) + 1));

  function relevanceOf(prompt: readonly string[]): Float64Array {
    const relevance = new Float64Array(paragraphs.length);
    prompt.forEach((word, at) => {
      const recency = (at + 1) / prompt.length;
      for (const paragraph of paragraphsWith.get(word) ?? []) {
        const { from, to } = paragraphs[paragraph] ?? { from: 0, to: 1 };
        relevance[paragraph] = (relevance[paragraph] ?? 0) + (recency * rarity(word) ** 2) / Math.sqrt(to - from + 20);
      }
    });
    return relevance;
  }

  return {
    weightsFor(prompt) {
      const asked = new Set(prompt);
      const relevance = relevanceOf(prompt);
      const most = Math.max(...relevance, Number.MIN_VALUE);
      const near = new Float64Array(plain.length);
      paragraphs.forEach(({ from, to }, at) => {
        const share = (relevance[at] ?? 0) / most;
        for (const id of model.text.subarray(from, to)) near[id] = Math.max(near[id] ?? 0, share);
      });
      return near.map((share, id) => {
        if (!isWord[id]) return 1;
        const strength = Math.min(rarity(plain[id] ?? '') / 3, 1);
        return 1 + strength * (NEIGHBOUR_BOOST * share + (asked.has(plain[id] ?? '') ? PROMPT_WORD_BOOST : 0));
      });
    },
  };
}

function paragraphsOf(model: NgramModel): { from: number; to: number }[] {
  const breakId = model.idOf.get(PARAGRAPH) ?? -1;
  const paragraphs: { from: number; to: number }[] = [];
  let from = 0;
  model.text.forEach((id, at) => {
    if (id !== breakId) return;
    if (at > from) paragraphs.push({ from, to: at });
    from = at + 1;
  });
  if (from < model.text.length) paragraphs.push({ from, to: model.text.length });
  return paragraphs;
}
