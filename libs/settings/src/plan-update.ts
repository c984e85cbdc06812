import { type FieldViolation } from '@edda/faults';
import { type z } from 'zod';
import { type SettingsSchema } from './define-settings.ts';
import { acceptOverrides, asLayer, type Overrides } from './overrides.ts';
import { parseSettings } from './parse-settings.ts';
import { applyLive } from './restart-only.ts';
import { type Layers, type Origins, originsOf, statesOf } from './setting-states.ts';
import { type SettingChanges, type UpdatePlan } from './settings-types.ts';

interface Present<Values> {
  values: Values;
  layers: Layers;
  origins: Origins;
}

/** A change must name a setting; dropping what an older version stored is always possible. */
function unknownPaths(known: ReadonlySet<string>, stored: Overrides, changes: SettingChanges): FieldViolation[] {
  return [...changes]
    .filter(([path, value]) => !known.has(path) && (value !== undefined || !Object.hasOwn(stored, path)))
    .map(([path]) => ({ field: path, description: 'no such setting' }));
}

/**
 * What changing stored overrides would lead to; changes nothing. A change is refused whole when one value is wrong,
 * and also when the part that takes effect at once contradicts what keeps running until a restart. Overrides that
 * are ignored already do not count against it.
 */
export function planUpdate<Shape extends z.ZodObject>(
  schema: SettingsSchema<Shape>,
  { values, layers, origins }: Present<z.output<Shape>>,
  stored: Overrides,
  changes: SettingChanges,
): UpdatePlan {
  const known = new Set(schema.fields.map(({ path }) => path));
  const unknown = unknownPaths(known, stored, changes);
  if (unknown.length > 0) return { violations: unknown };
  const kept = Object.entries(stored).filter(([path]) => !changes.has(path));
  const overrides = Object.fromEntries([...kept, ...[...changes].filter(([, value]) => value !== undefined)]);

  const below = [layers.file, layers.start];
  const ignored = acceptOverrides(schema, below, stored).ignored.map(({ field }) => field);
  const counted = Object.entries(overrides).filter(([path]) => changes.has(path) || !ignored.includes(path));
  const override = asLayer(Object.fromEntries(counted));
  const wanted = parseSettings(schema, [...below, override]);
  if (wanted.values === undefined) return { violations: wanted.violations };
  const live = applyLive<z.output<Shape>>(schema, values, wanted.values);
  if (live.violations.length > 0) return { violations: live.violations };
  const next = originsOf(schema.fields, { ...layers, override }, live.pending, origins);
  const states = statesOf(schema.fields, { values: live.values, wanted: wanted.values, origins: next });
  return { violations: [], overrides, states, pendingRestart: live.pending };
}
