import { type FieldViolation } from '@edda/faults';
import { z } from 'zod';
import { type SettingField, listFields } from './setting-fields.ts';

export interface SettingsDefinition<Shape extends z.ZodObject> {
  service: string;
  /** Every leaf carries `.meta({ description, reload: 'live' | 'restart', example? })`; groups need no default. */
  shape: Shape;
  /** Rules between fields; returns what is wrong, naming fields by path (`holds.ttlSeconds`). */
  crossCheck?: (values: z.output<Shape>) => FieldViolation[];
}

export interface SettingsSchema<Shape extends z.ZodObject> extends SettingsDefinition<Shape> {
  /** All settings, in the order of the definition. */
  readonly fields: readonly SettingField[];
  /** JSON Schema (2020-12) of the settings file. */
  readonly jsonSchema: Readonly<Record<string, unknown>>;
}

/** What `settings.current()` returns for a schema. */
export type SettingsOf<Schema> = Schema extends SettingsSchema<infer Shape> ? z.output<Shape> : never;

/**
 * Declares a service’s settings.
 * @throws TypeError for a field without description or reload, so that an undocumented setting cannot exist
 */
export function defineSettings<Shape extends z.ZodObject>(
  definition: SettingsDefinition<Shape>,
): SettingsSchema<Shape> {
  const fields = listFields(definition.shape);
  const jsonSchema = z.toJSONSchema(definition.shape, { io: 'input', unrepresentable: 'any' });
  return Object.freeze({ ...definition, fields: Object.freeze(fields), jsonSchema });
}
