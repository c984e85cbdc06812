/**
 * Splits text into the model's units: a word with the blank before it, a single mark, a line break, a
 * paragraph break. The units joined give the text back, runs of blanks and breaks normalised.
 */
export function splitText(text: string): string[] {
  return normalise(text).match(UNIT) ?? [];
}

/** The unit that ends a paragraph. */
export const PARAGRAPH = '\n\n';

const UNIT = /\n\n|\n| ?[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*| ?[^\s\p{L}\p{N}]|[ \t]/gu;

/** A word without its blank and capitals: what a prompt and the text are compared by. */
export function plainWord(unit: string): string {
  return unit.trim().toLowerCase();
}

function normalise(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replace(/[ \t]+/g, ' ')
    .replace(/ ?\n ?/g, '\n')
    .replace(/\n{2,}/g, '\n\n');
}
