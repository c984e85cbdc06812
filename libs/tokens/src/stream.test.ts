import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { corpus } from '../test/corpus.ts';
import { createPieceCounter, type PieceCounter } from './create-piece-counter.ts';
import { createStreamCounter } from './create-stream-counter.ts';
import { encodingOf } from './encodings.ts';
import { createTokenCounter, encodingNames } from './index.ts';

const counter = createTokenCounter({
  table: Object.fromEntries(encodingNames.map((name) => [name, name])),
});

/** Cuts a text at the given places, which may fall into surrogate pairs. */
function chunks(text: string, places: readonly number[]): string[] {
  const ends = [...new Set(places.map((place) => place % (text.length + 1))), text.length].sort((a, b) => a - b);
  return ends.map((end, i) => text.slice(ends[i - 1] ?? 0, end));
}

const text = fc
  .array(fc.oneof(fc.constantFrom(...corpus), fc.string({ unit: 'binary' })), { minLength: 1, maxLength: 30 })
  .map((parts) => parts.join(' '));
const places = fc.array(fc.nat(), { maxLength: 60 });

describe.each(encodingNames)('a stream counted with %s', (name) => {
  it('totals what countText counts, however it is cut', () => {
    fc.assert(
      fc.property(text, places, (whole, cuts) => {
        const stream = counter.stream(name);
        for (const chunk of chunks(whole, cuts)) stream.push(chunk);
        expect(stream.total()).toEqual(counter.countText(name, whole));
      }),
      { numRuns: 150 },
    );
  });
});

describe('the running count', () => {
  it('is exact after every push while breaks are near', () => {
    const whole = corpus.slice(2, 6).join(' ');
    const stream = counter.stream('gpt-4o');
    let sofar = '';
    for (const unit of whole) {
      sofar += unit;
      expect(stream.push(unit)).toBe(counter.countText('gpt-4o', sofar).tokens);
    }
  });

  it('is never more than a few tokens below the count of the text so far', () => {
    fc.assert(
      fc.property(text, places, (whole, cuts) => {
        const stream = counter.stream('gpt-4o');
        let sofar = '';
        for (const chunk of chunks(whole, cuts)) {
          sofar += chunk;
          expect(stream.push(chunk)).toBeGreaterThanOrEqual(counter.countText('gpt-4o', sofar).tokens - 3);
        }
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    ['letters', 'q'.repeat(20_000)],
    ['symbols', '!?'.repeat(10_000)],
    ['prose', corpus.slice(2, 14).join(' ').repeat(20)],
  ])('costs linear work even if %s arrive one by one', (_, whole) => {
    const inner = createPieceCounter(encodingOf('o200k_base'));
    let units = 0;
    const measured: PieceCounter = {
      ...inner,
      count: (part) => {
        units += part.length;
        return inner.count(part);
      },
    };
    const stream = createStreamCounter(measured);
    for (const unit of whole) stream.push(unit);
    // At most 64 per push for a short tail, or one recount of n per n/8 new ones, and the settling.
    expect(units).toBeLessThan(70 * whole.length);
    expect(stream.total().tokens).toBe(counter.countText('gpt-4o', whole).tokens);
  });
});
