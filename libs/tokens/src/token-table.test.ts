import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createTokenTable, NO_RANK } from './token-table.ts';

const key = fc.uint8Array({ minLength: 1, maxLength: 12 });
const keys = fc.uniqueArray(key, { maxLength: 60, selector: (bytes) => bytes.join() });

it('knows every token by its bytes, wherever they stand, and nothing else', () => {
  fc.assert(
    fc.property(keys, fc.array(key, { maxLength: 20 }), fc.nat(3), (tokens, others, before) => {
      // Every second token has an unused rank before it.
      const table = createTokenTable(tokens.flatMap((token, i) => (i % 2 === 1 ? [undefined, token] : [token])));
      const ranks = new Map(tokens.map((token, i) => [token.join(), i + Math.floor((i + 1) / 2)]));
      for (const bytes of [...tokens, ...others]) {
        const placed = Uint16Array.from([...new Array<number>(before).fill(7), ...bytes, 9]);
        const expected = ranks.get(bytes.join()) ?? NO_RANK;
        expect(table.rankOf(placed, before, before + bytes.length)).toBe(expected);
        if (bytes.length === 2) expect(table.ofPairs[(bytes[0] ?? 0) * 256 + (bytes[1] ?? 0)]).toBe(expected);
      }
    }),
  );
});

it('takes texts by their UTF-8, and tells zero bytes from none', () => {
  const table = createTokenTable(['é', '\0', '\0\0', 'a\0', 'a']);
  const rank = (...bytes: number[]) => table.rankOf(Uint16Array.from(bytes), 0, bytes.length);
  expect([rank(0xc3, 0xa9), rank(0), rank(0, 0), rank(97, 0), rank(97)]).toEqual([0, 1, 2, 3, 4]);
  expect([rank(0, 0, 0), rank(97, 0, 0), rank(0xe9)]).toEqual([NO_RANK, NO_RANK, NO_RANK]);
});
