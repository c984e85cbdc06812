import { type z } from 'zod';

/** The parts of a zod definition this library looks at, whatever the concrete type. */
interface Definition {
  type: string;
  innerType?: z.ZodType;
  in?: z.ZodType;
  element?: z.ZodType;
  valueType?: z.ZodType;
  shape?: Record<string, z.ZodType>;
  defaultValue?: unknown;
}

export function definitionOf(schema: z.ZodType): Definition {
  return schema._zod.def;
}

/** The schema and everything it wraps (defaults, optionals, transforms), outermost first. */
export function layersOf(schema: z.ZodType): z.ZodType[] {
  const { innerType, in: input } = definitionOf(schema);
  const inner = innerType ?? input;
  return inner === undefined ? [schema] : [schema, ...layersOf(inner)];
}

/** The schema without its wrappers. */
export function coreOf(schema: z.ZodType): z.ZodType {
  return layersOf(schema).at(-1) ?? schema;
}

/** An object’s fields, or undefined for everything that is not an object. */
export function shapeOf(schema: z.ZodType): Record<string, z.ZodType> | undefined {
  return definitionOf(coreOf(schema)).shape;
}

/** Whether a value is an object as JSON knows it, and not a list. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `a.b.0`: how a field is named in messages, tables and violations. */
export function joinPath(path: readonly PropertyKey[]): string {
  return path.map(String).join('.');
}
