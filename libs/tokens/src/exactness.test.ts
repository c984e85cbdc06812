import fc from 'fast-check';
import { get_encoding, type Tiktoken } from 'tiktoken';
import { afterAll, describe, expect, it } from 'vitest';
import { corpus } from '../test/corpus.ts';
import { createTokenCounter } from './index.ts';

const encodingNames = ['o200k_base', 'cl100k_base', 'p50k_base', 'r50k_base'] as const;
const counter = createTokenCounter({
  table: Object.fromEntries(encodingNames.map((name) => [name, name])),
});

describe.each(encodingNames)('%s counts what tiktoken counts (Metering: EXACT)', (name) => {
  const reference: Tiktoken = get_encoding(name);
  afterAll(() => reference.free());
  const expected = (text: string) => ({
    tokens: reference.encode_ordinary(text).length,
    method: 'EXACT',
    tokenizer: name,
  });

  it.each(corpus)('in %j', (text) => {
    expect(counter.countText(name, text)).toEqual(expected(text));
  });

  it('in a text of many blocks', () => {
    const long = corpus.concat(corpus.toReversed()).join(' und ');
    expect(counter.countText(name, long)).toEqual(expected(long));
  });

  it('in texts stitched together from fragments of the corpus', () => {
    const fragment = fc
      .tuple(fc.constantFrom(...corpus), fc.nat(), fc.nat(40))
      .map(([text, start, length]) => text.slice(start % (text.length + 1)).slice(0, length));
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 12 }), (fragments) => {
        const text = fragments.join('');
        fc.pre(!/[= \n-]{200}/.test(text));
        expect(counter.countText(name, text)).toEqual(expected(text));
      }),
      { numRuns: 300 },
    );
  });

  it('in random texts of any characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        expect(counter.countText(name, text)).toEqual(expected(text));
      }),
      { numRuns: 300 },
    );
  });
});
