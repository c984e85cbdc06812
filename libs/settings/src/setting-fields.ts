import { type z } from 'zod';
import { definitionOf, joinPath, layersOf, shapeOf } from './schema-walk.ts';

/** `live`: in force with the next request; `restart`: in force when the service starts again. */
export type Reload = 'live' | 'restart';

/** One documented setting. */
export interface SettingField {
  /** Where it stands in the file, dots between levels. */
  path: string;
  description: string;
  /** Undefined when the file must name it, or when it is absent by default. */
  default: unknown;
  reload: Reload;
  example: unknown;
}

interface FieldMeta {
  description?: unknown;
  reload?: unknown;
  example?: unknown;
}

function metaOf(schema: z.ZodType): FieldMeta {
  const layers = layersOf(schema).map((layer): FieldMeta => layer.meta() ?? {});
  return Object.assign({}, ...layers.toReversed()) as FieldMeta;
}

function defaultOf(schema: z.ZodType): unknown {
  for (const layer of layersOf(schema)) {
    const { type, defaultValue } = definitionOf(layer);
    if (type === 'default' || type === 'prefault') return defaultValue;
  }
  return undefined;
}

/** Whether a node is a setting of its own (it is documented) rather than a group of settings. */
export function isLeaf(schema: z.ZodType): boolean {
  return shapeOf(schema) === undefined || metaOf(schema).reload !== undefined;
}

/** All settings below a node. @throws TypeError when one lacks a description or says no `reload` */
export function listFields(schema: z.ZodType, path: readonly string[] = []): SettingField[] {
  const shape = shapeOf(schema);
  if (shape !== undefined && (path.length === 0 || !isLeaf(schema))) {
    return Object.entries(shape).flatMap(([name, field]) => listFields(field, [...path, name]));
  }
  const { description, reload, example } = metaOf(schema);
  const name = joinPath(path);
  if (typeof description !== 'string' || description.trim() === '') {
    throw new TypeError(`setting ${name} needs .meta({ description })`);
  }
  if (reload !== 'live' && reload !== 'restart') {
    throw new TypeError(`setting ${name} needs .meta({ reload: 'live' | 'restart' })`);
  }
  return [{ path: name, description, default: defaultOf(schema), reload, example }];
}
