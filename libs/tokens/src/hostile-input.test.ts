import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countBlocks } from './count-blocks.ts';
import { createPieceCounter, MAX_PIECE_UNITS } from './create-piece-counter.ts';
import { encodingOf } from './encodings.ts';
import { MAX_BLOCK_UNITS } from './find-break.ts';
import { createTokenCounter, encodingNames } from './index.ts';

const counter = createTokenCounter();
const [randomLetters = ''] = fc.sample(
  fc.string({ unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz'), minLength: 80_000, maxLength: 80_000 }),
  { numRuns: 1, seed: 7 },
);

/** Counts and reports the pieces that had to be merged. */
function mergedPieces(name: (typeof encodingNames)[number], text: string): number[] {
  const merged: number[] = [];
  countBlocks(
    createPieceCounter(encodingOf(name), (units) => merged.push(units)),
    text,
  );
  return merged;
}

describe.each(encodingNames)('hostile text under %s', (name) => {
  it('never merges a piece above the cap, nor more text than there is', () => {
    const merged = mergedPieces(name, randomLetters);
    expect(Math.max(...merged)).toBeLessThanOrEqual(MAX_PIECE_UNITS);
    expect(merged.reduce((sum, units) => sum + units, 0)).toBeLessThanOrEqual(randomLetters.length);
    expect(merged.length).toBeGreaterThan(0);
  });

  it.each(['a', 'A', ' ', '\n', '!', '7', 'é', '\u0301', '界', '\ud800'])('merges a megabyte of %j once', (unit) => {
    expect(mergedPieces(name, unit.repeat(1_000_000)).length).toBeLessThanOrEqual(4);
  });

  it('does not cut through surrogate pairs: each emoji of a long run counts the same', () => {
    const pieces = createPieceCounter(encodingOf(name));
    const single = pieces.count('😀').tokens;
    const run = countBlocks(pieces, `!${'😀'.repeat(5_000)}`);
    expect(run.tokens).toBeLessThanOrEqual(5_000 * single + 1);
    expect(run.capped).toBe(true);
  });
});

describe('the label (Metering: capped text is ESTIMATED)', () => {
  it.each([
    ['a piece at the cap', 'x'.repeat(MAX_PIECE_UNITS), 'EXACT'],
    ['a piece above the cap', 'x'.repeat(MAX_PIECE_UNITS + 1), 'ESTIMATED'],
    ['a break-free run as long as a block', '! '.repeat(MAX_BLOCK_UNITS / 2), 'EXACT'],
    ['a longer one', `${'! '.repeat(MAX_BLOCK_UNITS / 2)}!`, 'ESTIMATED'],
    ['much text with breaks', 'word '.repeat(100_000), 'EXACT'],
  ])('of %s', (_, text, method) => {
    expect(counter.countText('gpt-4o', text).method).toBe(method);
    const stream = counter.stream('gpt-4o');
    for (let at = 0; at < text.length; at += 777) stream.push(text.slice(at, at + 777));
    expect(stream.total()).toEqual(counter.countText('gpt-4o', text));
  });
});
