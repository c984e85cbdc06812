import { type ClientBase, type Pool } from 'pg';

/** How many rows each table has, and the sum of each of its numeric columns, by `table` and `table.column`. */
export type DatabaseFigures = ReadonlyMap<string, bigint>;

/** Columns whose values say nothing about an effect: ids drawn from sequences, transaction ids, measured times. */
const drawn = /^(id|sequence|position|partition|epoch|.*_(id|xid|seq|position|ms))$/;

/** Numbers that go on from one mutation to the next. */
const counted = new Set(['settings_versions.version']);

/** Audit records are moved into their chain in the background: both places count as one. */
const sealed = 'audit_records';
const unsealed = 'audit_intake';
const chainHead = 'audit_head';

/** Figures that change whenever a mutation has an effect, whatever it is: one view of all tables but some. */
export async function databaseFigures(pool: Pool, without: readonly string[] = []): Promise<DatabaseFigures> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const figures = await figuresOf(client, without);
    await client.query('COMMIT');
    return figures;
  } finally {
    client.release();
  }
}

async function figuresOf(client: ClientBase, without: readonly string[]): Promise<DatabaseFigures> {
  const { rows: columns } = await client.query<{ table: string; column: string | null }>(
    `SELECT t.table_name AS table, c.column_name AS column
     FROM information_schema.tables t
     LEFT JOIN information_schema.columns c ON c.table_schema = t.table_schema AND c.table_name = t.table_name
       AND c.data_type IN ('smallint', 'integer', 'bigint', 'numeric') AND c.is_identity = 'NO'
       AND coalesce(c.column_default, '') NOT LIKE 'nextval%'
     WHERE t.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND t.table_name <> ALL ($1) ORDER BY 1, 2`,
    [[chainHead, ...without]],
  );
  const figures = new Map<string, bigint>();
  for (const table of new Set(columns.map((row) => row.table))) {
    const summed = columns.flatMap((row) => (row.table === table && counts(row) ? [row.column] : []));
    const sums = summed.map((column) => `, coalesce(trunc(sum("${column}")), 0)::text AS "${table}.${column}"`);
    const { rows } = await client.query<Record<string, string>>(
      `SELECT count(*)::text AS "${table}"${sums.join('')} FROM "${table}"`,
    );
    for (const [name, figure] of Object.entries(rows[0] ?? {})) figures.set(name, BigInt(figure));
  }
  const waiting = figures.get(unsealed);
  if (waiting !== undefined) figures.set(sealed, (figures.get(sealed) ?? 0n) + waiting);
  figures.delete(unsealed);
  return figures;
}

const counts = ({ table, column }: { table: string; column: string | null }): boolean =>
  column !== null &&
  !drawn.test(column) &&
  !counted.has(`${table}.${column}`) &&
  table !== sealed &&
  table !== unsealed;

/** What changed between two readings, by name; empty when nothing did. */
export function effectBetween(before: DatabaseFigures, after: DatabaseFigures): Record<string, string> {
  const changes = [...after].flatMap(([name, figure]) => {
    const difference = figure - (before.get(name) ?? 0n);
    return difference === 0n ? [] : [[name, String(difference)] as const];
  });
  return Object.fromEntries(changes);
}
