import { type PrismaDatamodel, type PrismaField } from './prisma-schema.ts';

/** What Prisma creates for a scalar without `@db`, as PostgreSQL's format_type() spells it. */
const defaults: Readonly<Record<string, string>> = {
  String: 'text',
  Boolean: 'boolean',
  Int: 'integer',
  BigInt: 'bigint',
  Float: 'double precision',
  Decimal: 'numeric(65,30)',
  DateTime: 'timestamp(3) without time zone',
  Json: 'jsonb',
  Bytes: 'bytea',
};

/** `@db.X`; # stands for the arguments in brackets. */
const natives: Readonly<Record<string, string>> = {
  Bit: 'bit#',
  VarBit: 'bit varying#',
  Char: 'character#',
  VarChar: 'character varying#',
  Decimal: 'numeric#',
  DoublePrecision: 'double precision',
  Timestamp: 'timestamp# without time zone',
  Timestamptz: 'timestamp# with time zone',
  Time: 'time# without time zone',
  Timetz: 'time# with time zone',
};

/** The column type a field stands for, as format_type() spells it. */
export function columnType(field: PrismaField, enums: PrismaDatamodel['enums']): string {
  return normalType(scalarType(field, enums) + (field.isList ? '[]' : ''));
}

/** Six fractional digits are the default: with or without "(6)" it is the same type. Quotes are only spelling. */
export function normalType(type: string): string {
  return type.replace(/^(time\w*)\(6\)/, '$1').replaceAll('"', '');
}

function scalarType(field: PrismaField, enums: PrismaDatamodel['enums']): string {
  if (field.kind === 'enum') return enums.find(({ name }) => name === field.type)?.dbName ?? field.type;
  if (!field.nativeType) return defaults[field.type] ?? field.type;
  const [name, args] = field.nativeType;
  if (name === 'Decimal' && args.length === 0) return 'numeric(65,30)';
  // Names that are not in the table (Uuid, SmallInt, Inet, …) are PostgreSQL's in another case.
  const pattern = natives[name] ?? name.toLowerCase();
  return pattern.replace('#', args.length > 0 ? `(${args.join(',')})` : '');
}
