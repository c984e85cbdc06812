import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createWholeCharacters } from './whole-characters.ts';

it('gives back every character, wherever the texts were cut, and never half of one', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 30 });
  fc.assert(
    fc.property(text, text, fc.integer({ min: 1, max: 3 }), (content, json, step) => {
      const whole = createWholeCharacters();
      const seen = { content: '', reasoning: '', arguments: '' };
      for (let at = 0; at < Math.max(content.length, json.length); at += step) {
        const piece = whole.push({
          content: content.slice(at, at + step),
          reasoning: content.slice(at, at + step),
          toolCalls: [{ index: 0, id: '', name: '', arguments: json.slice(at, at + step) }],
        });
        for (const part of [piece?.content ?? '', piece?.reasoning ?? '', piece?.toolCalls?.[0]?.arguments ?? '']) {
          expect(part.isWellFormed()).toBe(true);
        }
        seen.content += piece?.content ?? '';
        seen.reasoning += piece?.reasoning ?? '';
        seen.arguments += piece?.toolCalls?.[0]?.arguments ?? '';
      }
      expect(seen).toEqual({ content, reasoning: content, arguments: json });
      expect(whole.rest()).toBeUndefined();
    }),
  );
});

it('a half that never gets its other half is replaced, in its place', () => {
  const whole = createWholeCharacters();
  expect(whole.push({ content: 'a\ud83d' })).toEqual({ content: 'a' });
  expect(whole.push({ content: 'b\ude00' })).toEqual({ content: '\ufffdb\ufffd' });
  expect(whole.push({ content: '\ud83d' })).toBeUndefined();
  expect(whole.rest()).toEqual({ content: '\ufffd' });
  expect(whole.rest()).toBeUndefined();
});
