import { type UpstreamPiece } from '../upstream/upstream.ts';

/** The contract's bound for the text of one chunk, bytes of UTF-8. */
export const MAX_CHUNK_BYTES = 65_536;

/** Splits what an upstream sent at once into pieces that each fit into a chunk; most pieces come back as they are. */
export function splitPiece(piece: UpstreamPiece, maxBytes = MAX_CHUNK_BYTES): UpstreamPiece[] {
  const { content = '', reasoning = '', toolCalls } = piece;
  // A UTF-16 unit is at most 3 bytes of UTF-8, so short texts need no counting.
  if (Math.max(content.length, reasoning.length) * 3 <= maxBytes) return [piece];
  return [
    ...splitText(reasoning, maxBytes).map((text) => ({ reasoning: text })),
    ...splitText(content, maxBytes).map((text) => ({ content: text })),
    ...(toolCalls ? [{ toolCalls }] : []),
  ];
}

function splitText(text: string, maxBytes: number): string[] {
  const parts: string[] = [];
  const step = Math.max(2, Math.floor(maxBytes / 3));
  for (let from = 0; from < text.length;) {
    let to = Math.min(text.length, from + step);
    // Never between the two halves of a character outside the basic plane.
    if (to < text.length && /[\uD800-\uDBFF]/.test(text.charAt(to - 1))) to -= 1;
    parts.push(text.slice(from, to));
    from = to;
  }
  return parts;
}
