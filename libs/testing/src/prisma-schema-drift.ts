import { MIGRATIONS_TABLE } from '@edda/pg-kit';
import { type Pool } from 'pg';
import { columnType } from './column-type.ts';
import { readDatabaseShape, type TableShape, uniqueKey } from './database-shape.ts';
import { columnOf, type PrismaDatamodel, type PrismaModel, readPrismaSchema } from './prisma-schema.ts';

export interface DriftOptions {
  schemaPath: string;
  /** On the migrated database; its schema `public` is compared. */
  pool: Pool;
  /** Tables (`outbox_events`) and columns (`table.column`) the Prisma schema deliberately leaves out. */
  ignore?: readonly string[];
}

/**
 * What differs between a schema.prisma and the migrated database: tables, columns, types, nullability (lists aside,
 * whose nullability Prisma does not express), primary keys, unique keys, enums. Defaults, checks, foreign keys and
 * plain indexes are the migrations' own business.
 * @returns one sentence per difference; empty when they match
 */
export async function prismaSchemaDrift({ schemaPath, pool, ignore = [] }: DriftOptions): Promise<string[]> {
  const [datamodel, database] = await Promise.all([readPrismaSchema(schemaPath), readDatabaseShape(pool)]);
  const ignored = new Set<string>([...ignore, MIGRATIONS_TABLE]);
  const modelled = new Set<string>();
  const differences: string[] = [];
  for (const model of datamodel.models) {
    const name = model.dbName ?? model.name;
    modelled.add(name);
    const table = database.tables.get(name);
    if (table) differences.push(...compareTable(name, model, table, datamodel, ignored));
    else differences.push(`table ${name}: missing in the database`);
  }
  for (const name of database.tables.keys()) {
    if (!modelled.has(name) && !ignored.has(name)) differences.push(`table ${name}: missing in the Prisma schema`);
  }
  return [...differences, ...compareEnums(datamodel.enums, database.enums, ignored)];
}

function compareTable(
  name: string,
  model: PrismaModel,
  table: TableShape,
  { enums, indexes }: PrismaDatamodel,
  ignored: ReadonlySet<string>,
): string[] {
  const differences: string[] = [];
  const fields = model.fields.filter(({ kind }) => kind !== 'object');
  const columns = new Map(fields.map((field) => [field.name, columnOf(field)]));
  const toColumns = (names: readonly string[]): string[] => names.map((field) => columns.get(field) ?? field);
  const expected = new Set(columns.values());
  for (const field of fields) {
    const at = `column ${name}.${columnOf(field)}`;
    const column = table.columns.get(columnOf(field));
    if (!column) {
      differences.push(`${at}: missing in the database`);
      continue;
    }
    const type = columnType(field, enums);
    if (type !== column.type) differences.push(`${at}: ${type} in the Prisma schema, ${column.type} in the database`);
    if (!field.isList && field.isRequired === column.nullable) {
      differences.push(`${at}: ${column.nullable ? 'nullable' : 'NOT NULL'} only in the database`);
    }
  }
  for (const column of table.columns.keys()) {
    if (!expected.has(column) && !ignored.has(`${name}.${column}`)) {
      differences.push(`column ${name}.${column}: missing in the Prisma schema`);
    }
  }
  const id = toColumns(model.primaryKey?.fields ?? fields.filter(({ isId }) => isId).map((field) => field.name));
  if (id.join(', ') !== table.primaryKey.join(', ')) {
    differences.push(
      `primary key of ${name}: (${id.join(', ')}) in the Prisma schema, (${table.primaryKey.join(', ')}) in the database`,
    );
  }
  const own = indexes.filter((index) => index.model === model.name && index.type === 'unique');
  const uniques = own.map((index) => uniqueKey(toColumns(index.fields.map((field) => field.name))));
  return [...differences, ...compareUniques(name, new Set(uniques), table.uniques)];
}

function compareUniques(name: string, expected: ReadonlySet<string>, actual: ReadonlySet<string>): string[] {
  const missing = [...expected].filter((key) => !actual.has(key));
  const extra = [...actual].filter((key) => !expected.has(key));
  return [
    ...missing.map((key) => `unique (${key}) of ${name}: missing in the database`),
    ...extra.map((key) => `unique (${key}) of ${name}: missing in the Prisma schema`),
  ];
}

function compareEnums(
  modelled: PrismaDatamodel['enums'],
  stored: ReadonlyMap<string, readonly string[]>,
  ignored: ReadonlySet<string>,
): string[] {
  const differences: string[] = [];
  const names = new Set<string>();
  for (const { name, dbName, values } of modelled) {
    const enumName = dbName ?? name;
    names.add(enumName);
    const expected = values.map((value) => value.dbName ?? value.name).sort();
    const actual = [...(stored.get(enumName) ?? [])].sort();
    if (expected.join() !== actual.join()) {
      differences.push(
        `enum ${enumName}: ${expected.join(', ')} in the Prisma schema, ${actual.join(', ') || 'missing'} in the database`,
      );
    }
  }
  for (const name of stored.keys()) {
    if (!names.has(name) && !ignored.has(name)) differences.push(`enum ${name}: missing in the Prisma schema`);
  }
  return differences;
}
