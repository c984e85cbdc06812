import { invalidInput } from '@edda/faults';

/**
 * JSON for a jsonb column. A bigint becomes an integer number.
 * @throws INVALID_INPUT for a bigint beyond ±(2^53 − 1), which JSON readers would round
 */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, replaceBigint) ?? 'null';
}

function replaceBigint(key: string, value: unknown): unknown {
  if (typeof value !== 'bigint') return value;
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw invalidInput([{ field: key, description: 'must lie within ±(2^53 − 1) to be written as JSON' }]);
}
