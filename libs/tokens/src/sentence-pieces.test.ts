import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { corpus } from '../test/corpus.ts';
import { type Oracle } from '../test/open-model-oracles.ts';
import { huggingFacePieces, packageOracle, type SentencePieceFamily } from '../test/sentence-piece-oracles.ts';
import { countMergedCharacters } from './count-merged.ts';
import { encodingOf, sentencePieceNames, type SentencePieceEncoding } from './encodings.ts';
import { findSeams } from './find-seams.ts';
import { createTokenCounter } from './index.ts';
import { readSentencePieces } from './read-sentence-pieces.ts';
import { createTokenTable } from './token-table.ts';

const require = createRequire(import.meta.url);
const counter = createTokenCounter({ table: Object.fromEntries(sentencePieceNames.map((name) => [name, name])) });
// Mistral's share a vocabulary and all that counts texts.
const families = ['llama2', 'mistral-v1'] as const;
const oracles = families.flatMap((name): [string, SentencePieceFamily, Oracle][] => [
  ['the package', name, packageOracle(name)],
  ['Hugging Face', name, huggingFacePieces(name)],
]);

const fragment = fc
  .tuple(fc.constantFrom(...corpus), fc.nat(), fc.nat(40))
  .map(([text, start, length]) => text.slice(start % (text.length + 1)).slice(0, length));
const stitched = fc.array(fragment, { maxLength: 12 }).map((fragments) => fragments.join(''));
const blanks = fc.string({
  unit: fc.constantFrom(' ', ' ', ' ', '▁', 'a', 're', '\n', '\t', '}', '界'),
  maxLength: 60,
});

describe.each(oracles)('what %s counts for %s (Metering: EXACT)', (_, name, oracle) => {
  const expected = (text: string) => ({ tokens: oracle(text.toWellFormed()), method: 'EXACT', tokenizer: name });
  const expectEqual = (text: string): void => {
    fc.pre(!/[= -]{200}/.test(text));
    expect(counter.countText(name, text)).toEqual(expected(text));
  };

  it.each(corpus)('in %j', (text) => {
    expect(counter.countText(name, text)).toEqual(expected(text));
  });

  it('in a text of many blocks', () => {
    const long = corpus.concat(corpus.toReversed()).join(' und ').toWellFormed();
    expect(counter.countText(name, long)).toEqual(expected(long));
  });

  it.each([
    ['texts stitched together from fragments of the corpus', stitched],
    ['random texts of any characters', fc.string({ unit: 'binary', maxLength: 60 })],
    ['runs of blanks, spelled either way', blanks],
  ])('in %s', (_case, texts) => {
    fc.assert(fc.property(texts, expectEqual), { numRuns: 200 });
  });
});

describe.each(families)('the vocabulary of %s', (name) => {
  const { module } = encodingOf(name) as SentencePieceEncoding;
  const pieces = readSentencePieces(require.resolve(module));

  it('has no piece that goes on behind a word into a blank, so every word begins behind a seam', () => {
    expect(pieces.filter((piece) => /[^ ] /.test(piece))).toEqual([]);
    const { between } = findSeams(pieces);
    const joinedToBlank = pieces.filter((piece) => {
      const last = piece.at(-1) ?? ' ';
      return last !== ' ' && !between(last.codePointAt(0) ?? 0, 0x20);
    });
    expect(joinedToBlank).toEqual([]);
  });

  it('has no piece that merging does not reach: a piece found whole is one token', () => {
    const table = createTokenTable(pieces);
    const split = pieces.filter((piece) => {
      const bytes = Buffer.from(piece);
      return [...piece].length > 1 && countMergedCharacters(Uint16Array.from(bytes), bytes.length, table) > 1;
    });
    expect(split).toEqual([]);
  });

  it('counts a text of 20 pages without a blank exactly where no token reaches across', () => {
    const long = '我能吞下玻璃而不伤身体。\n'.repeat(800);
    expect(counter.countText(name, long)).toEqual({
      tokens: packageOracle(name)(long),
      method: 'EXACT',
      tokenizer: name,
    });
  });
});

describe('a file that is no such vocabulary', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'pieces-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);

  it.each([
    ['without pieces', [], 'holds no SentencePiece vocabulary'],
    [
      'with a piece of characters that are none',
      ['<unk>', '<s>', '</s>', ...bytes, 'ab', 'a'],
      'the characters of "ab"',
    ],
  ])('is refused %s', (_, pieces, message) => {
    const file = join(folder, 'vocabulary.js');
    writeFileSync(file, `const vocab_base64 = "${Buffer.from(pieces.join('\n')).toString('base64')}";`);
    expect(() => readSentencePieces(file)).toThrow(message);
  });
});
