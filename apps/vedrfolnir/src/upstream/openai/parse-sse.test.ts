import { describe, expect, it } from 'vitest';
import { collect } from '../../../test/collect.ts';
import { parseSse } from './parse-sse.ts';

async function parse(chunks: (string | Uint8Array)[], maxEventChars = 1000): Promise<string[]> {
  const encoder = new TextEncoder();
  async function* body() {
    for (const chunk of chunks) yield typeof chunk === 'string' ? encoder.encode(chunk) : chunk;
  }
  return collect(parseSse(body(), maxEventChars));
}

describe('parseSse', () => {
  it('gives the same events wherever the bytes are split', async () => {
    const stream =
      ': hello\r\n\r\nevent: x\r\ndata: {"a":"å🐿"}\r\n\r\ndata: one\ndata:two\n\nid: 7\n\ndata\rdata: last\r\r';
    const bytes = new TextEncoder().encode(stream);
    const whole = await parse([bytes]);
    expect(whole).toEqual(['{"a":"å🐿"}', 'one\ntwo', '\nlast']);
    for (let at = 1; at < bytes.length; at++) {
      expect(await parse([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(whole);
    }
    expect(await parse([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(whole);
  });

  it('yields an event that the end of the stream cut off', async () => {
    expect(await parse(['data: a\n\ndata: b'])).toEqual(['a', 'b']);
  });

  it('refuses a line, finished or not, beyond the bound', async () => {
    await expect(parse(['data: ' + 'x'.repeat(50)], 40)).rejects.toMatchObject({ kind: 'FAULT' });
    await expect(parse(['data: ' + 'x'.repeat(50) + '\n\n'], 40)).rejects.toMatchObject({ kind: 'FAULT' });
  });

  it('refuses an event of many short lines beyond the bound', async () => {
    await expect(parse(['data: 12345678\n'.repeat(6)], 40)).rejects.toMatchObject({ kind: 'FAULT' });
  });
});
