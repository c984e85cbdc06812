import { describe, expect, it } from 'vitest';
import { decodePageToken, encodePageToken, pagePosition, takePage } from './page-tokens.ts';

describe('page tokens', () => {
  it('bring a position back, whatever it contains', () => {
    const position = ['2026-01-01T00:00:00Z', 'ä/"\u0000'];
    expect(decodePageToken('list', encodePageToken('list', position), 2)).toEqual(position);
  });

  it('are empty for the first page', () => {
    expect(decodePageToken('list', '', 1)).toBeUndefined();
  });

  it.each([
    ['not base64url', '!!'],
    ['not JSON', Buffer.from('{').toString('base64url')],
    ['not texts', Buffer.from('["list",1]').toString('base64url')],
    ['of another listing', encodePageToken('other', ['1'])],
    ['of another length', encodePageToken('list', ['1', '2'])],
    ['too long', 'a'.repeat(2_049)],
  ])('are refused when %s', (_, token) => {
    expect(() => decodePageToken('list', token, 1)).toThrow(
      expect.objectContaining({ violations: [expect.objectContaining({ field: 'page_token' })] }) as Error,
    );
  });

  it('give their position back as what it was', () => {
    const id = '0197c0de-0000-8000-8000-00000000000a';
    expect(pagePosition.time('2026-01-01T00:00:00.000Z')).toEqual(new Date('2026-01-01T00:00:00Z'));
    expect(pagePosition.integer('9223372036854775807')).toBe(2n ** 63n - 1n);
    expect([pagePosition.uuid(id), pagePosition.text('ä')]).toEqual([id, 'ä']);
  });

  it.each([
    ['time', 'yesterday'],
    ['integer', '1.5'],
    ['integer', '-1'],
    ['integer', '9223372036854775808'],
    ['uuid', 'x'],
    ['text', 'a\0'],
  ] as const)('are refused when forged to hold no %s but %j', (kind, part) => {
    expect(() => pagePosition[kind](part)).toThrow(
      expect.objectContaining({ violations: [expect.objectContaining({ field: 'page_token' })] }) as Error,
    );
  });

  it('end with the last page', () => {
    const tokenOf = String;
    expect(takePage([1, 2, 3], 2, tokenOf)).toEqual({ items: [1, 2], nextPageToken: '2' });
    expect(takePage([1, 2], 2, tokenOf)).toEqual({ items: [1, 2], nextPageToken: '' });
    expect(takePage([], 2, tokenOf)).toEqual({ items: [], nextPageToken: '' });
  });
});
