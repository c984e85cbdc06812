import fc from 'fast-check';
import { expect, it } from 'vitest';
import { splitPiece } from './split-piece.ts';

it('leaves ordinary pieces as they are', () => {
  const piece = { content: 'a', reasoning: 'b' };
  expect(splitPiece(piece)).toEqual([piece]);
});

it('splits what is too long for a chunk without losing or breaking a character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
      const parts = splitPiece({ content: text, reasoning: text }, 30);
      for (const { content = '', reasoning = '' } of parts) {
        expect(Buffer.byteLength(content)).toBeLessThanOrEqual(30);
        expect(Buffer.byteLength(reasoning)).toBeLessThanOrEqual(30);
        expect((content + reasoning).isWellFormed()).toBe(true);
      }
      expect(parts.map(({ content = '' }) => content).join('')).toBe(text);
      expect(parts.map(({ reasoning = '' }) => reasoning).join('')).toBe(text);
    }),
  );
});
