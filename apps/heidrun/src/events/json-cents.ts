/** An amount for an event's JSON: an integer number, or its digits as text where a number would lose some. */
export function jsonCents(cents: bigint): number | string {
  const number = Number(cents);
  return Number.isSafeInteger(number) ? number : String(cents);
}
