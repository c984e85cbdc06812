import { createTokenCounter } from '@edda/tokens';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createOutputMeter } from './output-meter.ts';

const counter = createTokenCounter();
const model = 'gpt-4o';

describe('domain.md, transaction: the stream is cut before delivered tokens exceed the hold', () => {
  it('whatever the text and however it is chunked', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string({ unit: 'binary', maxLength: 30 }), fc.lorem({ maxCount: 8 })), { maxLength: 12 }),
        fc.integer({ min: 0, max: 40 }),
        (chunks, budget) => {
          const meter = createOutputMeter(counter, model, BigInt(budget));
          const delivered = chunks.map((chunk) => meter.take(chunk)).join('');
          expect(counter.countText(model, delivered).tokens).toBeLessThanOrEqual(budget);
          expect(chunks.join('').startsWith(delivered)).toBe(true);
          expect(meter.full).toBe(delivered !== chunks.join(''));
          expect(meter.total().tokens).toBe(counter.countText(model, delivered).tokens);
        },
      ),
    );
  });

  it('uses the budget up and takes nothing after the cut', () => {
    const meter = createOutputMeter(counter, model, 3n);
    expect(meter.take('one two three four')).toBe('one two three');
    expect(meter.take(' ')).toBe('');
    expect(meter.full).toBe(true);
  });

  it('does not cut an answer that fits exactly', () => {
    const meter = createOutputMeter(counter, model, 3n);
    expect(meter.take('one two three')).toBe('one two three');
    expect(meter.full).toBe(false);
  });

  it('never cuts a character in half', () => {
    const meter = createOutputMeter(counter, model, 1n);
    expect(meter.take('🜲🜲🜲').isWellFormed()).toBe(true);
  });

  it('cuts where the running count is below the exact one: a long text without a break', () => {
    const pieces =
      'qaaaaaaaaaaaa qqq qaaaaq aaaa aaaaaaaaqq q q aaaaq qaaaaqqaaaa aaaaq aaaaqaaaaqaaaa qqaaaa' +
      'q qq qqaaaa aaaaaaaaqaaaaq qaaaa qaaaa aaaaaaaaqqaaaa aaaaqqqq q aaaaaaaaaaaaqq qaaaaq aaa' +
      'aaaaaq qqqqaaaa qaaaaq qaaaaaaaa aaaaaaaaaaaaq aaaaaaaa aaaaq qqqaaaaaaaa qaaaaaaaaaaaa aa' +
      'aaaaaaaaaaqaaaa q qaaaaqaaaaq aaaa qaaaaaaaaqq aaaaaaaaq qq aaaaaaaa qaaaaaaaa qaaaaaaaaqq' +
      ' q qq aaaaqaaaaq aaaaaaaa aaaaaaaaqqaaaa aaaaq qq qqaaaaq aaaaqq aaaa aaaaaaaa qqqaaaaaaaa' +
      ' aaaaaaaa aaaaaaaaqaaaa aaaaaaaa aaaaaaaaqaaaaq aaaaq qaaaaqaaaaq qaaaaq aaaaaaaaqaaaaaaaa' +
      ' q qaaaaqaaaa qaaaaqq q aaaaqaaaaaaaa qqq aaaa qqaaaaq aaaaqaaaaqaaaa q aaaaq aaaaaaaaq qq' +
      'aaaaqaaaa qqq q qaaaaqaaaaaaaa aaaa qqq aaaaqaaaaaaaa qaaaaaaaaqaaaa q q qqaaaaaaaa aaaaqa' +
      'aaa aaaaq qqq aaaaqaaaa qqaaaa qq q aaaaaaaaaaaaaaaa q';
    const meter = createOutputMeter(counter, 'gpt-4o', 204n);
    const delivered = pieces.split(' ').map((piece) => meter.take(piece));
    expect(counter.countText('gpt-4o', delivered.join('')).tokens).toBeLessThanOrEqual(204);
  });
});
