import { isDeepStrictEqual } from 'node:util';
import { type FieldViolation } from '@edda/faults';
import { isPlainObject } from './schema-walk.ts';
import { type SettingField } from './setting-fields.ts';

interface LiveRules<T> {
  fields: readonly SettingField[];
  crossCheck?: ((values: T) => FieldViolation[]) | undefined;
}

/** The value at a dotted path, or undefined. */
export function valueAt(values: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((node, key) => (isPlainObject(node) ? node[key] : undefined), values);
}

/** A copy with another value at a path; undefined removes it. */
export function withValueAt(node: unknown, [key, ...rest]: string[], value: unknown): unknown {
  if (key === undefined) return value;
  const copy: Record<string, unknown> = { ...(isPlainObject(node) ? node : {}) };
  copy[key] = withValueAt(copy[key], rest, value);
  if (copy[key] === undefined) delete copy[key];
  return copy;
}

/** Paths whose values differ. */
export function changedPaths(fields: readonly SettingField[], before: unknown, after: unknown): string[] {
  return fields
    .map((field) => field.path)
    .filter((path) => !isDeepStrictEqual(valueAt(before, path), valueAt(after, path)));
}

/**
 * What of `wanted` may be in force now: restart-only fields keep the running value.
 * `pending` names those that wait for a restart; `violations` say where the new live values contradict the running
 * restart-only ones.
 */
export function applyLive<T>(
  { fields, crossCheck }: LiveRules<T>,
  running: T,
  wanted: T,
): { values: T; pending: string[]; violations: FieldViolation[] } {
  const pending = changedPaths(
    fields.filter((field) => field.reload === 'restart'),
    running,
    wanted,
  );
  const values = pending.reduce<unknown>(
    (node, path) => withValueAt(node, path.split('.'), valueAt(running, path)),
    wanted,
  ) as T;
  const note = (text: string) => `${text} (until a restart puts ${pending.join(', ')} in force)`;
  const clashes = pending.length > 0 ? (crossCheck?.(values) ?? []) : [];
  const violations = clashes.map(({ field, description }) => ({ field, description: note(description) }));
  return { values, pending, violations };
}
