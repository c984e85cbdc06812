import { type DescEnum, ScalarType } from '@bufbuild/protobuf';
import { z } from 'zod';

/** How a single value looks in JSON. */
export interface ValueJson {
  readonly schema: z.ZodType;
  /** The JSON that stands for a value left out. */
  readonly none: unknown;
  read: (json: unknown) => unknown;
  write: (value: unknown) => unknown;
  /** A query parameter's text as JSON; unchanged where it has not the right form, so that the schema can say so. */
  fromText: (text: unknown) => unknown;
}

const same = (value: unknown): unknown => value;

const text: ValueJson = { schema: z.string(), none: '', read: same, write: same, fromText: same };
const number: ValueJson = { schema: z.number(), none: 0, read: same, write: same, fromText: toNumber };
const bool: ValueJson = { schema: z.boolean(), none: false, read: same, write: same, fromText: toBoolean };
const int32: ValueJson = { ...number, schema: z.int32() };
const uint32: ValueJson = { ...number, schema: z.uint32() };
// z.int() admits no integer beyond 2^53 − 1, which JSON readers would round.
const int64: ValueJson = { ...number, schema: z.int(), read: (json) => BigInt(json as number), write: toSafeInteger };
const uint64: ValueJson = { ...int64, schema: z.int().min(0) };
const bytes: ValueJson = {
  schema: z.base64(),
  none: '',
  read: (json) => new Uint8Array(Buffer.from(json as string, 'base64')),
  write: (value) => Buffer.from(value as Uint8Array).toString('base64'),
  fromText: same,
};

const scalars: Record<ScalarType, ValueJson> = {
  [ScalarType.STRING]: text,
  [ScalarType.BOOL]: bool,
  [ScalarType.BYTES]: bytes,
  [ScalarType.DOUBLE]: number,
  [ScalarType.FLOAT]: number,
  [ScalarType.INT32]: int32,
  [ScalarType.SINT32]: int32,
  [ScalarType.SFIXED32]: int32,
  [ScalarType.UINT32]: uint32,
  [ScalarType.FIXED32]: uint32,
  [ScalarType.INT64]: int64,
  [ScalarType.SINT64]: int64,
  [ScalarType.SFIXED64]: int64,
  [ScalarType.UINT64]: uint64,
  [ScalarType.FIXED64]: uint64,
};

export function scalarJson(type: ScalarType | 'text'): ValueJson {
  return type === 'text' ? text : scalars[type];
}

/** A time in ISO 8601 with its zone, as far as milliseconds. */
export const timestampJson: ValueJson = {
  schema: z.iso.datetime({ offset: true }),
  none: undefined,
  read: (json) => new Date(json as string),
  write: (value) => (value as Date).toISOString(),
  fromText: same,
};

/** The name without the enum's prefix. A number this version does not know, which a newer peer may send, stays a number. */
export function enumJson(desc: DescEnum): ValueJson {
  const names = desc.values.map((value) => value.localName);
  const numbers = new Map(desc.values.map((value) => [value.localName, value.number]));
  const byNumber = new Map(desc.values.map((value) => [value.number, value.localName]));
  return {
    schema: z.enum(names as [string, ...string[]]),
    none: byNumber.get(0),
    read: (json) => numbers.get(json as string),
    write: (value) => byNumber.get(value as number) ?? value,
    fromText: same,
  };
}

function toSafeInteger(value: unknown): number {
  const integer = Number(value);
  if (!Number.isSafeInteger(integer)) throw new RangeError('an integer beyond 2^53 − 1 cannot be written as JSON');
  return integer;
}

function toNumber(value: unknown): unknown {
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value;
}

function toBoolean(value: unknown): unknown {
  return value === 'true' ? true : value === 'false' ? false : value;
}
