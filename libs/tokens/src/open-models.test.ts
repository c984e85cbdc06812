import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { corpus } from '../test/corpus.ts';
import { huggingFace, llama3Again, openEncodings, type Oracle } from '../test/open-model-oracles.ts';
import { createTokenCounter } from './index.ts';

const counter = createTokenCounter({ table: Object.fromEntries(openEncodings.map((name) => [name, name])) });
const oracles: [string, (typeof openEncodings)[number], Oracle, RegExp?][] = [
  ...openEncodings.map((name) => [name, name, huggingFace(name)] as (typeof oracles)[number]),
  // It takes JavaScript's white space, which is not that of the vendor's pattern.
  ['llama3 (second opinion)', 'llama3', llama3Again, /[\ufeff\u0085\u180e]/],
];

const fragment = fc
  .tuple(fc.constantFrom(...corpus), fc.nat(), fc.nat(40))
  .map(([text, start, length]) => text.slice(start % (text.length + 1)).slice(0, length));
const stitched = fc.array(fragment, { maxLength: 12 }).map((fragments) => fragments.join(''));
const composed = fc
  .array(fc.constantFrom(...'aAeo1 !\u0300\u0301\u0323\u0338\u0958\u1100\u1161\u11a8\u037e\u212b가한'))
  .map((characters) => characters.join(''));

describe.each(oracles)(
  '%s counts what an independent tokenizer counts (Metering: EXACT)',
  (_, name, oracle, unlike) => {
    function expectEqual(text: string): void {
      const wellFormed = text.toWellFormed();
      fc.pre(!(unlike?.test(wellFormed) ?? false) && !/[= \n-]{200}/.test(wellFormed));
      const expected = { tokens: oracle(wellFormed), method: 'EXACT', tokenizer: name };
      expect(counter.countText(name, text)).toEqual(expected);
    }

    it.each(corpus.filter((text) => !(unlike?.test(text) ?? false)))('in %j', (text) => {
      const expected = { tokens: oracle(text.toWellFormed()), method: 'EXACT', tokenizer: name };
      expect(counter.countText(name, text)).toEqual(expected);
    });

    it('in a text of many blocks', () => {
      const texts = corpus.filter((text) => !(unlike?.test(text) ?? false));
      const long = texts.concat(texts.toReversed()).join(' und ').toWellFormed();
      expect(counter.countText(name, long)).toEqual({ tokens: oracle(long), method: 'EXACT', tokenizer: name });
    });

    it.each([
      ['texts stitched together from fragments of the corpus', stitched],
      ['random texts of any characters', fc.string({ unit: 'binary', maxLength: 60 })],
      ['characters that compose, reorder or decompose', composed],
    ])('in %s', (_case, texts) => {
      fc.assert(fc.property(texts, expectEqual), { numRuns: 300 });
    });
  },
);
