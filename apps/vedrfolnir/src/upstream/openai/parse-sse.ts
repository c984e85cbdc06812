import { UpstreamError } from '../upstream-error.ts';

/**
 * Reads server-sent events and yields each event's data (WHATWG HTML, section 9.2): lines end in LF,
 * CR or CRLF, several `data:` lines join with LF, comments and other fields are skipped. Chunks may
 * split anywhere, also inside a character or between CR and LF. An event cut off by the end of the
 * stream is still yielded: some servers forget the last blank line.
 * @param maxEventChars bound for one line and for one event; beyond it the server is at FAULT
 */
export async function* parseSse(body: AsyncIterable<Uint8Array>, maxEventChars: number): AsyncGenerator<string> {
  const data: string[] = [];
  let size = 0;
  for await (const line of splitLines(body, maxEventChars)) {
    if (line === '') {
      if (data.length > 0) yield data.join('\n');
      data.length = 0;
      size = 0;
      continue;
    }
    const value = dataOf(line);
    if (value === undefined) continue;
    size += value.length;
    if (size > maxEventChars) throw tooLong(maxEventChars);
    data.push(value);
  }
  if (data.length > 0) yield data.join('\n');
}

function dataOf(line: string): string | undefined {
  if (line === 'data') return '';
  if (!line.startsWith('data:')) return undefined;
  return line.startsWith('data: ') ? line.slice(6) : line.slice(5);
}

async function* splitLines(body: AsyncIterable<Uint8Array>, maxChars: number): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  let afterCr = false;
  for await (const chunk of body) {
    let text = decoder.decode(chunk, { stream: true });
    if (afterCr && text !== '') {
      // The line ended with the CR at the end of the last chunk; this LF belongs to it.
      if (text.startsWith('\n')) text = text.slice(1);
      afterCr = false;
    }
    if (text.endsWith('\r')) afterCr = true;
    const lines = text.split(/\r\n|\n|\r/);
    lines[0] = rest + (lines[0] ?? '');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.length > maxChars) throw tooLong(maxChars);
      yield line;
    }
    if (rest.length > maxChars) throw tooLong(maxChars);
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}

function tooLong(maxChars: number): UpstreamError {
  return new UpstreamError('FAULT', `the server sent an event of more than ${maxChars} characters`);
}
