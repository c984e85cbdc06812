import { invalidInput } from '@edda/faults';
import { type z } from 'zod';

/** What a message needs to name a field of the contract: `maxCostCents` → `max_cost_cents`. */
function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function fieldPath(path: readonly PropertyKey[]): string {
  return path.length === 0 ? 'request' : path.map((part) => snakeCase(String(part))).join('.');
}

/**
 * Checks a request against its schema and returns the parsed value.
 * @throws INVALID_INPUT with one violation per issue, fields in the contract's snake_case (`legs.0.input_tokens`)
 */
export function parseWith<Schema extends z.ZodType>(schema: Schema, request: unknown): z.output<Schema> {
  const result = schema.safeParse(request);
  if (result.success) return result.data;
  throw invalidInput(
    result.error.issues.map((issue) => ({
      field: fieldPath(issue.code === 'unrecognized_keys' ? [...issue.path, ...issue.keys.slice(0, 1)] : issue.path),
      description: issue.message,
    })),
  );
}
