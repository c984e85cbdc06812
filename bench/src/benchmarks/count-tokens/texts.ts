import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../../../..');

/** Real texts of some length each, as requests bring them; together at most `most` UTF-16 units. */
function readTexts(pattern: string, most: number): string[] {
  const exclude = (path: string) => /(^|\/)(node_modules|gen|dist)(\/|$)/.test(path);
  const texts: string[] = [];
  let left = most;
  for (const path of globSync(pattern, { cwd: root, exclude }).sort()) {
    const text = readFileSync(join(root, path), 'utf8').slice(0, left);
    left -= text.length;
    if (text !== '') texts.push(text);
  }
  return texts;
}

/** English and some German: old prose and the documentation, its tables included. */
export const prose = (): string[] => [
  ...readTexts('apps/vedrfolnir/corpus/*.txt', 100_000),
  ...readTexts('{docs,apps,libs,bench,chaos}/**/*.md', 300_000),
];

/** The project's own TypeScript. */
export const code = (): string[] => readTexts('{apps,libs}/**/*.ts', 1_000_000);

/** Letters in no order, the same in every run: one word of this length, to everyone who cuts words. */
export function randomLetters(length: number): string {
  let state = 7;
  const letters = Array.from({ length }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return String.fromCharCode(97 + (Math.floor(state / 65_536) % 26));
  });
  return letters.join('');
}
