import { type Pool } from 'pg';

/** How many rows each table has, and the sum of each of its numeric columns, by `table` and `table.column`. */
export type DatabaseFigures = ReadonlyMap<string, bigint | string>;

/** Columns whose values say nothing about an effect: ids drawn from sequences, transaction ids, measured times. */
const drawn = /^(id|sequence|position|partition|epoch|.*_(id|xid|seq|position|ms))$/;

/** Figures that change whenever a mutation has an effect, whatever it is: one read of all tables. */
export async function databaseFigures(pool: Pool): Promise<DatabaseFigures> {
  const { rows: columns } = await pool.query<{ table: string; column: string | null }>(
    `SELECT t.table_name AS table, c.column_name AS column
     FROM information_schema.tables t
     LEFT JOIN information_schema.columns c ON c.table_schema = t.table_schema AND c.table_name = t.table_name
       AND c.data_type IN ('smallint', 'integer', 'bigint', 'numeric') AND c.is_identity = 'NO'
       AND coalesce(c.column_default, '') NOT LIKE 'nextval%'
     WHERE t.table_schema = 'public' AND t.table_type = 'BASE TABLE' ORDER BY 1, 2`,
  );
  const figures = new Map<string, bigint | string>();
  for (const table of new Set(columns.map((row) => row.table))) {
    const summed = columns.flatMap((row) =>
      row.table === table && row.column !== null && !drawn.test(row.column) ? [row.column] : [],
    );
    const sums = summed.map((column) => `, coalesce(sum("${column}"), 0)::text AS "${table}.${column}"`).join('');
    const { rows } = await pool.query<Record<string, string>>(
      `SELECT count(*)::text AS "${table}"${sums} FROM "${table}"`,
    );
    for (const [name, figure] of Object.entries(rows[0] ?? {})) figures.set(name, asNumber(figure));
  }
  return figures;
}

/** What changed between two readings, by name; empty when nothing did. */
export function effectBetween(before: DatabaseFigures, after: DatabaseFigures): Record<string, string> {
  const changes = [...after].flatMap(([name, figure]) => {
    const difference = Number(figure) - Number(before.get(name) ?? 0);
    return difference === 0 ? [] : [[name, String(difference)] as const];
  });
  return Object.fromEntries(changes);
}

const asNumber = (text: string): bigint | string => (/^-?\d+$/.test(text) ? BigInt(text) : text);
