import { invalidInput } from '@edda/faults';

const MAX_TOKEN_LENGTH = 2_048;

/**
 * An opaque token that says where the next page begins: the last row's sort key, as text.
 * @param scope what the listing is of, filters included; a token of one listing is refused by another
 */
export function encodePageToken(scope: string, position: readonly string[]): string {
  return Buffer.from(JSON.stringify([scope, ...position])).toString('base64url');
}

/**
 * @param parts how many texts the position has
 * @returns the position, or undefined for the first page (an empty token)
 * @throws INVALID_INPUT naming `page_token` when it is malformed or belongs to another listing
 */
export function decodePageToken(scope: string, token: string, parts: number): string[] | undefined {
  if (token === '') return undefined;
  const [tokenScope, ...position] = parse(token);
  if (tokenScope !== scope || position.length !== parts) throw refused('belongs to another listing');
  return position;
}

/**
 * Parts of a position read back as what they were. A token is opaque but not signed: a caller may forge one, and the
 * database would fail on what is no time or number. Each @throws INVALID_INPUT naming `page_token`.
 */
export const pagePosition = {
  time: (text: string): Date => {
    const time = new Date(text);
    if (Number.isNaN(time.getTime())) throw refused('is malformed');
    return time;
  },
  /** 0 up to what a bigint column holds. */
  integer: (text: string): bigint => {
    if (!/^\d{1,19}$/.test(text) || BigInt(text) >= 2n ** 63n) throw refused('is malformed');
    return BigInt(text);
  },
  uuid: (text: string): string => {
    if (!/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(text)) throw refused('is malformed');
    return text;
  },
  text: (text: string): string => {
    if (text.includes('\0')) throw refused('is malformed');
    return text;
  },
} as const;

/**
 * Cuts rows queried with `LIMIT size + 1` to a page. `nextPageToken` is '' on the last page.
 */
export function takePage<Row>(
  rows: readonly Row[],
  size: number,
  tokenOf: (last: Row) => string,
): { items: Row[]; nextPageToken: string } {
  const items = rows.slice(0, size);
  const last = items.at(-1);
  return { items, nextPageToken: rows.length > size && last !== undefined ? tokenOf(last) : '' };
}

function parse(token: string): string[] {
  if (token.length > MAX_TOKEN_LENGTH || !/^[\w-]+$/.test(token)) throw refused('is malformed');
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    if (Array.isArray(value) && value.every((part) => typeof part === 'string')) return value;
  } catch {
    // Falls through: not JSON is as malformed as JSON of another shape.
  }
  throw refused('is malformed');
}

function refused(problem: string): Error {
  return invalidInput([{ field: 'page_token', description: `${problem}; use the token as it was returned` }]);
}
