import { type FieldViolation } from '@edda/faults';
import { type z } from 'zod';
import { type SettingsSchema } from './define-settings.ts';
import { coreOf, definitionOf, isPlainObject, joinPath, shapeOf } from './schema-walk.ts';
import { isLeaf } from './setting-fields.ts';

/** Either the values, deeply frozen, or everything that is wrong. */
export type Parsed<T> = { values: T; violations: readonly [] } | { values?: never; violations: FieldViolation[] };

/** Finds keys no setting has, at any depth; a misspelt setting must not silently do nothing. */
export function unknownKeys(schema: z.ZodType, value: unknown, path: readonly PropertyKey[] = []): FieldViolation[] {
  const { element, valueType } = definitionOf(coreOf(schema));
  if (Array.isArray(value) && element !== undefined) {
    return value.flatMap((item, index) => unknownKeys(element, item, [...path, index]));
  }
  if (!isPlainObject(value)) return [];
  const shape = shapeOf(schema);
  return Object.entries(value).flatMap(([key, item]) => {
    if (valueType !== undefined) return unknownKeys(valueType, item, [...path, key]);
    if (shape === undefined) return [];
    const field = Object.hasOwn(shape, key) ? shape[key] : undefined;
    if (field !== undefined) return unknownKeys(field, item, [...path, key]);
    return [{ field: joinPath([...path, key]), description: 'no such setting' }];
  });
}

/** Lays one layer over another: groups are merged, settings (lists and maps included) replaced. */
function overlay(schema: z.ZodType, below: unknown, above: unknown): unknown {
  const shape = shapeOf(schema);
  if (above === undefined) return below;
  if (shape === undefined || isLeaf(schema) || !isPlainObject(above) || !isPlainObject(below)) return above;
  return overlayGroup(shape, below, above);
}

function overlayGroup(
  shape: Record<string, z.ZodType>,
  below: Record<string, unknown>,
  above: Record<string, unknown>,
): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(shape)) {
    const base = isLeaf(field) ? below[name] : (below[name] ?? {});
    const value = overlay(field, base, above[name]);
    if (isLeaf(field) || !isPlainObject(value)) {
      if (value !== undefined) result[name] = value;
    } else result[name] = overlayGroup(shapeOf(field) ?? {}, value, {});
  }
  return result;
}

/** Freezes a value and all it contains. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const item of Object.values(value)) deepFreeze(item);
  }
  return value;
}

function crossChecked<Shape extends z.ZodObject>(
  schema: SettingsSchema<Shape>,
  values: z.output<Shape>,
): FieldViolation[] {
  return schema.crossCheck?.(values) ?? [];
}

/**
 * Defaults below the given layers, later layers winning: unknown keys, types and bounds, then the rules
 * between fields, which only run on values that are valid one by one.
 */
export function parseSettings<Shape extends z.ZodObject>(
  schema: SettingsSchema<Shape>,
  layers: readonly unknown[],
): Parsed<z.output<Shape>> {
  const misplaced = layers.flatMap((layer) =>
    isPlainObject(layer) ? unknownKeys(schema.shape, layer) : [{ field: '', description: 'must be an object' }],
  );
  const shape = shapeOf(schema.shape) ?? {};
  const merged = layers
    .filter(isPlainObject)
    .reduce<Record<string, unknown>>((below, layer) => overlayGroup(shape, below, layer), overlayGroup(shape, {}, {}));
  const result = schema.shape.safeParse(merged);
  const wrong = (result.error?.issues ?? [])
    .filter((issue) => issue.code !== 'unrecognized_keys')
    .map((issue) => ({ field: joinPath(issue.path), description: issue.message }));
  if (!result.success || misplaced.length > 0) return { violations: [...misplaced, ...wrong] };
  const violations = crossChecked(schema, result.data);
  return violations.length > 0 ? { violations } : { values: deepFreeze(result.data), violations: [] };
}
