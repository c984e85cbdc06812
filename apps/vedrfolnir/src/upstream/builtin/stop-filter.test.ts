import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createStopFilter } from './stop-filter.ts';

it('delivers exactly what stands before the first stop text, however the text arrives', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 30 });
  const stops = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 2, maxLength: 4 }), {
    maxLength: 3,
  });
  fc.assert(
    fc.property(fc.array(letters, { maxLength: 8 }), stops, (pieces, wanted) => {
      const filter = createStopFilter(wanted);
      let delivered = '';
      let stopped = false;
      for (const piece of pieces) {
        // One at a time, as a model writes them: the earliest complete stop text ends it.
        for (const letter of piece) {
          if (stopped) break;
          const result = filter.push(letter);
          delivered += result.text;
          stopped = result.stopped;
        }
      }
      delivered += filter.rest();
      const text = pieces.join('');
      const ends = wanted
        .map((stop) => text.indexOf(stop) + stop.length)
        .filter((_, i) => text.includes(wanted[i] ?? ''));
      const end = Math.min(...ends);
      const upTo = text.slice(0, end);
      const starts = wanted.filter((stop) => upTo.endsWith(stop)).map((stop) => upTo.length - stop.length);
      expect(delivered).toBe(ends.length === 0 ? text : text.slice(0, Math.min(...starts)));
    }),
  );
});

it('withholds no more than might become a stop text', () => {
  const filter = createStopFilter(['\n\n']);
  expect(filter.push('word\n')).toEqual({ text: 'word', stopped: false });
  expect(filter.push('next')).toEqual({ text: '\nnext', stopped: false });
});
