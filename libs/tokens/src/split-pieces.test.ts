import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { corpus } from '../test/corpus.ts';
import { cutBy } from '../test/patterns.ts';
import { encodingOf, patternNames } from './encodings.ts';

/** Characters of every class, and those the rules name. */
const characters = [
  ..."aZǅʰ中é7½٣ \t\n\r\u0085\u3000\ufeff!/'\u0301\u20dd\u0000sStTrReEvVmMlLdDſ・漢か々",
  '😀',
  '𝔘',
  '𝟘',
  '𐍈',
  '𝅥',
];

describe.each(patternNames)('%s', (name) => {
  const { pieceEnd } = encodingOf(name);
  const expected = cutBy(name);

  function split(text: string): string[] {
    const units = Uint16Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));
    const pieces: string[] = [];
    for (let start = 0, end; start < text.length; start = end) {
      end = pieceEnd(units, start, text.length);
      pieces.push(text.slice(start, end));
    }
    return pieces;
  }

  it('cuts texts of the corpus as its pattern does', () => {
    for (const text of corpus.map((sample) => sample.toWellFormed())) expect(split(text)).toEqual(expected(text));
  });

  it.each([
    ['characters the rules tell apart', fc.string({ unit: fc.constantFrom(...characters), maxLength: 12 }), 3_000],
    ['any characters', fc.string({ unit: 'binary', maxLength: 20 }), 1_000],
  ])('cuts %s as its pattern does', (_, texts, numRuns) => {
    const check = (text: string) => {
      expect(split(text.toWellFormed())).toEqual(expected(text.toWellFormed()));
    };
    fc.assert(fc.property(texts, check), { numRuns });
  });
});
