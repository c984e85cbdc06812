import { type FieldViolation } from '@edda/faults';
import { type z } from 'zod';
import { type SettingsSchema } from './define-settings.ts';
import { parseSettings } from './parse-settings.ts';
import { withValueAt } from './restart-only.ts';

/** Values set at run time, by the setting's path (`holds.ttlSeconds`). */
export type Overrides = Readonly<Record<string, unknown>>;

export interface AcceptedOverrides {
  accepted: Overrides;
  /** What was left out, and why; the field is the override's path. */
  ignored: readonly FieldViolation[];
}

/** Overrides as a layer of settings. @param overrides of known paths only */
export function asLayer(overrides: Overrides): unknown {
  return Object.entries(overrides).reduce<unknown>(
    (node, [path, value]) => withValueAt(node, path.split('.'), value),
    {},
  );
}

/** Whether a complaint about `field` may be this override's doing: it names it, a part of it, or its group. */
function concerns(path: string, field: string): boolean {
  return field !== '' && (field === path || field.startsWith(`${path}.`) || path.startsWith(`${field}.`));
}

function without(overrides: Overrides, dropped: readonly string[]): Overrides {
  return Object.fromEntries(Object.entries(overrides).filter(([path]) => !dropped.includes(path)));
}

/**
 * The overrides that are valid here, over the given layers. Another version, with other settings or other bounds, may
 * have stored them: one that is unknown or invalid is left out by itself, so that it cannot keep a service from
 * starting. Where only a rule between fields is broken, and no override is named by it, the first one whose absence
 * mends it goes, else all of them.
 */
export function acceptOverrides<Shape extends z.ZodObject>(
  schema: SettingsSchema<Shape>,
  below: readonly unknown[],
  overrides: Overrides,
): AcceptedOverrides {
  const known = new Set(schema.fields.map(({ path }) => path));
  const unknown = Object.keys(overrides).filter((path) => !known.has(path));
  const ignored: FieldViolation[] = unknown.map((path) => ({ field: path, description: 'no such setting' }));
  const wrongWith = (candidate: Overrides) => parseSettings(schema, [...below, asLayer(candidate)]).violations;
  let accepted = without(overrides, unknown);
  // Each turn drops at least one, so there are at most as many turns as overrides.
  while (Object.keys(accepted).length > 0) {
    const violations = wrongWith(accepted);
    if (violations.length === 0) break;
    const paths = Object.keys(accepted);
    const named = paths.filter((path) => violations.some(({ field }) => concerns(path, field)));
    const single = paths.find((path) => wrongWith(without(accepted, [path])).length === 0);
    const dropped = named.length > 0 ? named : single === undefined ? paths : [single];
    for (const path of dropped) {
      const cause = violations.find(({ field }) => concerns(path, field)) ?? violations[0];
      const place = cause === undefined || cause.field === path ? '' : `${cause.field}: `;
      ignored.push({ field: path, description: `${place}${cause?.description ?? ''}` });
    }
    accepted = without(accepted, dropped);
  }
  return { accepted, ignored };
}
