/**
 * The name of an enum's number as the generated object has it: `enumName(common.TokenMethod, 1)` is 'EXACT'.
 * undefined for a number this version does not know, which a newer peer may send.
 */
export function enumName<T extends Readonly<Record<string, number>>>(
  values: T,
  number: number,
): (keyof T & string) | undefined {
  return Object.keys(values).find((name) => values[name] === number);
}
