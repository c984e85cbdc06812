import { moneyFaults } from './money-faults.ts';

/**
 * The JSON number for an integer. @param value within ±(2^53 − 1), beyond which JSON numbers lose digits
 * @throws JSON_INTEGER_OVERFLOW
 */
export function toJsonInteger(value: bigint): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw moneyFaults.JSON_INTEGER_OVERFLOW(`${value} is beyond 2^53 - 1`);
}
