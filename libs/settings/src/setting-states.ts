import { isDeepStrictEqual } from 'node:util';
import { valueAt } from './restart-only.ts';
import { type SettingField } from './setting-fields.ts';
import { type SettingOrigin } from './settings-types.ts';

/** The layers above the defaults, lowest first. */
export interface Layers {
  file: unknown;
  start: unknown;
  override: unknown;
}

/** One setting as it is now. */
export interface SettingState {
  field: SettingField;
  /** The value in force; undefined when there is none. */
  value: unknown;
  /** Where the value in force comes from. */
  origin: SettingOrigin;
  /** Whether another value waits for a restart. */
  pending: boolean;
  /** The value after a restart; the one in force unless pending. */
  wanted: unknown;
}

export type Origins = ReadonlyMap<string, SettingOrigin>;

function originIn(layers: Layers, path: string): SettingOrigin {
  if (valueAt(layers.override, path) !== undefined) return 'override';
  if (valueAt(layers.start, path) !== undefined) return 'start';
  return valueAt(layers.file, path) === undefined ? 'default' : 'file';
}

/** Where each value in force comes from. A setting that waits for a restart keeps the origin it had. */
export function originsOf(
  fields: readonly SettingField[],
  layers: Layers,
  pending: readonly string[],
  before?: Origins,
): Origins {
  return new Map(
    fields.map(({ path }) => [
      path,
      (pending.includes(path) ? before?.get(path) : undefined) ?? originIn(layers, path),
    ]),
  );
}

/** Every setting, ordered by path. @param values those in force @param wanted those after a restart */
export function statesOf(
  fields: readonly SettingField[],
  { values, wanted, origins }: { values: unknown; wanted: unknown; origins: Origins },
): SettingState[] {
  return fields
    .map((field): SettingState => {
      const [value, next] = [valueAt(values, field.path), valueAt(wanted, field.path)];
      const origin = origins.get(field.path) ?? 'default';
      return { field, value, origin, pending: !isDeepStrictEqual(value, next), wanted: next };
    })
    .toSorted((a, b) => (a.field.path < b.field.path ? -1 : 1));
}
