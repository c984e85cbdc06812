/**
 * The text with what stands between two marks replaced; the marks stay, on lines of their own.
 * `undefined` when a mark is missing or they stand in the wrong order.
 */
export function replaceBetween(text: string, marks: { begin: string; end: string }, content: string) {
  const begin = text.indexOf(marks.begin);
  const end = text.indexOf(marks.end);
  if (begin < 0 || end < begin) return undefined;
  return `${text.slice(0, begin + marks.begin.length)}\n\n${content.trim()}\n\n${text.slice(end)}`;
}
