import { type Pool } from 'pg';
import { normalType } from './column-type.ts';

export interface TableShape {
  columns: Map<string, { type: string; nullable: boolean }>;
  primaryKey: string[];
  /** Columns of each unique constraint or index, partial ones and expressions aside; sorted lists joined by commas. */
  uniques: Set<string>;
}

export interface DatabaseShape {
  tables: Map<string, TableShape>;
  enums: Map<string, string[]>;
}

const COLUMNS = `
SELECT c.relname AS table, a.attname AS column, format_type(a.atttypid, a.atttypmod) AS type, NOT a.attnotnull AS nullable
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY c.relname, a.attnum`;
const KEYS = `
SELECT c.relname AS table, i.indisprimary AS primary,
  ARRAY(SELECT a.attname::text FROM unnest(i.indkey[0:i.indnkeyatts - 1]) WITH ORDINALITY k (attnum, position)
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum ORDER BY k.position) AS columns
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
WHERE c.relnamespace = 'public'::regnamespace AND NOT c.relispartition
  AND i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL`;
const ENUMS = `
SELECT t.typname AS name, array_agg(e.enumlabel::text ORDER BY e.enumsortorder) AS labels
FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid
WHERE t.typnamespace = 'public'::regnamespace GROUP BY t.typname`;

/** Reads tables, columns, keys and enums of the schema `public`. */
export async function readDatabaseShape(pool: Pool): Promise<DatabaseShape> {
  const columns = await pool.query<{ table: string; column: string; type: string; nullable: boolean }>(COLUMNS);
  const keys = await pool.query<{ table: string; primary: boolean; columns: string[] }>(KEYS);
  const enums = await pool.query<{ name: string; labels: string[] }>(ENUMS);
  const tables = new Map<string, TableShape>();
  for (const { table, column, type, nullable } of columns.rows) {
    const shape = tables.get(table) ?? { columns: new Map(), primaryKey: [], uniques: new Set() };
    shape.columns.set(column, { type: normalType(type), nullable });
    tables.set(table, shape);
  }
  for (const key of keys.rows) {
    const shape = tables.get(key.table);
    if (!shape) continue;
    if (key.primary) shape.primaryKey = key.columns;
    else shape.uniques.add(uniqueKey(key.columns));
  }
  return { tables, enums: new Map(enums.rows.map(({ name, labels }) => [name, labels])) };
}

/** The order of a unique constraint's columns does not matter to what it forbids. */
export function uniqueKey(columns: readonly string[]): string {
  return [...columns].sort().join(', ');
}
