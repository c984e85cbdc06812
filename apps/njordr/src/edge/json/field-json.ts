import { type DescField, type DescMessage } from '@bufbuild/protobuf';
import { FeatureSet_FieldPresence } from '@bufbuild/protobuf/wkt';
import { z } from 'zod';
import { type JsonObject, type MessageJson } from './contract-json.ts';
import { enumJson, scalarJson, timestampJson, type ValueJson } from './value-json.ts';

/** How one field of a message looks in JSON and in the generated TypeScript. */
export interface FieldJson {
  /** In JSON: snake_case. */
  readonly name: string;
  /** In TypeScript: camelCase. */
  readonly local: string;
  /** The oneof that holds it, camelCase. */
  readonly oneof: string | undefined;
  readonly schema: z.ZodType;
  /** The message it refers to. */
  readonly message: MessageJson | undefined;
  /** What a message has where the JSON has nothing. */
  empty: () => unknown;
  read: (json: unknown) => unknown;
  write: (value: unknown) => unknown;
  /** The value of a query parameter, text or several texts. */
  fromText: (value: unknown) => unknown;
}

type MessageOf = (desc: DescMessage) => MessageJson;

export function fieldJson(field: DescField, of: MessageOf): FieldJson {
  const base = { name: field.name, local: field.localName, oneof: field.oneof?.localName };
  if (isMask(field)) {
    const paths = listOf(scalarJson('text'));
    return { ...base, ...paths, schema: z.array(z.string()).optional(), message: undefined, empty: () => undefined };
  }
  switch (field.fieldKind) {
    case 'list':
      return { ...base, ...listOf(elementOf(field, of)), message: messageIn(field, of) };
    case 'map':
      return { ...base, ...mapOf(elementOf(field, of)), message: messageIn(field, of) };
    case 'message': {
      const { schema, read, write, fromText } = elementOf(field, of);
      const message = messageIn(field, of);
      return { ...base, schema: schema.optional(), message, empty: () => undefined, read, write, fromText };
    }
    case 'scalar':
    case 'enum': {
      const value = elementOf(field, of);
      const { read, write, fromText } = value;
      const explicit = field.presence === FeatureSet_FieldPresence.EXPLICIT || field.oneof !== undefined;
      const schema = explicit ? value.schema.optional() : value.schema.default(value.none as never);
      const empty = explicit ? () => undefined : () => value.read(value.none);
      return { ...base, schema, message: undefined, empty, read, write, fromText };
    }
  }
}

/** A field mask is a list of paths in the generated code, and here too. */
function isMask(field: DescField): boolean {
  return field.fieldKind === 'message' && field.message.typeName === 'google.protobuf.FieldMask';
}

function messageIn(field: DescField, of: MessageOf): MessageJson | undefined {
  const { message } = field;
  return message === undefined || message.typeName.startsWith('google.') ? undefined : of(message);
}

/** The single value, the list's element or the map's value. */
function elementOf(field: DescField, of: MessageOf): ValueJson {
  if (field.enum !== undefined) return enumJson(field.enum);
  if (field.scalar !== undefined) return scalarJson(field.scalar);
  if (field.message?.typeName === 'google.protobuf.Timestamp') return timestampJson;
  if (field.message === undefined || field.message.typeName.startsWith('google.')) {
    throw new TypeError(`${field.parent.typeName}.${field.name} has no JSON form yet`);
  }
  const message = of(field.message);
  return {
    schema: message.schema,
    none: undefined,
    read: (json) => message.toMessage(json as JsonObject),
    write: (value) => message.toJson(value as JsonObject),
    fromText: (text) => (typeof text === 'object' && text !== null ? message.fromQuery(text as JsonObject) : text),
  };
}

function listOf(element: ValueJson): Pick<FieldJson, 'schema' | 'empty' | 'read' | 'write' | 'fromText'> {
  return {
    schema: z.array(element.schema).default([]),
    empty: () => [],
    read: (json) => (json as unknown[]).map(element.read),
    write: (value) => (value as unknown[]).map(element.write),
    fromText: (text) => (Array.isArray(text) ? text : String(text).split(',')).map(element.fromText),
  };
}

function mapOf(element: ValueJson): Pick<FieldJson, 'schema' | 'empty' | 'read' | 'write' | 'fromText'> {
  const each = (change: (value: unknown) => unknown) => (given: unknown) =>
    Object.fromEntries(Object.entries(given as JsonObject).map(([key, value]) => [key, change(value)]));
  return {
    schema: z.record(z.string(), element.schema).default({}),
    empty: () => ({}),
    read: each(element.read),
    write: each(element.write),
    fromText: (text) => text,
  };
}
