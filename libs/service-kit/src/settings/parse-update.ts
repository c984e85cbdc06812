import { type settings as contract } from '@edda/contracts';
import { type FieldViolation, invalidInput } from '@edda/faults';
import { parseWith } from '@edda/grpc-kit';
import { type SettingChanges } from '@edda/settings';
import { z } from 'zod';

const MAX_VALUE_BYTES = 65_536;

/** Text that reaches the database: bounded, and nothing PostgreSQL does not store. */
const text = (max: number) =>
  z
    .string()
    .max(max, `has at most ${max} characters`)
    .refine((value) => !value.includes('\0') && value.isWellFormed(), 'must not contain NUL or lone surrogates');

export const idempotencyKey = text(128).min(1, 'is required');
export const pathPrefix = z.string().max(200, 'has at most 200 characters');

const update = z.object({
  idempotencyKey,
  changes: z
    .array(z.object({ path: text(200).min(1, 'is required'), valueJson: z.string().optional() }))
    .min(1, 'needs at least one change')
    .max(200, 'has at most 200 changes'),
  expectedVersion: z.bigint().min(0n, 'must not be negative').optional(),
  reason: text(500).refine((value) => value.trim() !== '', 'is required'),
});

/** In JSON text as `JSON.stringify` writes it: an escaped NUL or half of a surrogate pair, neither of which is stored. */
const unstorable = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/;

/** The value that JSON stands for, or what is wrong with the text; null drops the override. */
function valueOf(json: string | undefined): { value: unknown } | { problem: string } {
  if (json === undefined) return { value: undefined };
  if (Buffer.byteLength(json) > MAX_VALUE_BYTES) return { problem: 'has at most 64 KiB' };
  try {
    const value: unknown = JSON.parse(json);
    if (unstorable.test(JSON.stringify(value))) return { problem: 'must not contain NUL or lone surrogates' };
    return { value: value === null ? undefined : value };
  } catch (error) {
    return { problem: error instanceof RangeError ? 'is nested too deeply' : 'is not valid JSON' };
  }
}

/**
 * The changes of an update by path; undefined drops the override.
 * @throws INVALID_INPUT naming every wrong field
 */
export function parseUpdate(request: contract.UpdateSettingsRequest): SettingChanges {
  const { changes } = parseWith(update, request);
  const violations: FieldViolation[] = [];
  const parsed = new Map<string, unknown>();
  for (const [index, { path, valueJson }] of changes.entries()) {
    if (parsed.has(path)) violations.push({ field: path, description: 'is named twice' });
    const result = valueOf(valueJson);
    if ('problem' in result) {
      violations.push({ field: `changes.${index}.value_json`, description: result.problem });
    }
    parsed.set(path, 'problem' in result ? undefined : result.value);
  }
  if (violations.length > 0) throw invalidInput(violations);
  return parsed;
}
