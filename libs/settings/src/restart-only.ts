import { isDeepStrictEqual } from 'node:util';
import { isPlainObject } from './schema-walk.ts';
import { type SettingField } from './setting-fields.ts';

/** The value at a dotted path, or undefined. */
export function valueAt(values: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((node, key) => (isPlainObject(node) ? node[key] : undefined), values);
}

function withValueAt(node: unknown, [key, ...rest]: string[], value: unknown): unknown {
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
 * `pending` names those that wait for a restart.
 */
export function applyLive<T>(fields: readonly SettingField[], running: T, wanted: T): { values: T; pending: string[] } {
  const pending = changedPaths(
    fields.filter((field) => field.reload === 'restart'),
    running,
    wanted,
  );
  const values = pending.reduce<unknown>(
    (node, path) => withValueAt(node, path.split('.'), valueAt(running, path)),
    wanted,
  );
  return { values: values as T, pending };
}
