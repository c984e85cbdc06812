import pg from 'pg';

type Parser = (text: string) => unknown;
type Nested<T> = (T | null | Nested<T>)[];

const { builtins } = pg.types;
const INT8_ARRAY = 1016;
const NUMERIC_ARRAY = 1231;
const TEXT_ARRAY = 1009;

// The typings list scalar types only; the registry has the arrays as well.
const textArray = pg.types.getTypeParser(TEXT_ARRAY as typeof builtins.TEXT) as unknown as (
  text: string,
) => Nested<string>;
const toBigints = (values: Nested<string>): Nested<bigint> =>
  values.map((value) => (value === null ? null : typeof value === 'string' ? BigInt(value) : toBigints(value)));

const parsers = new Map<number, Parser>([
  [builtins.INT8, BigInt],
  [INT8_ARRAY, (text) => toBigints(textArray(text))],
  // pg reads a numeric array as floating point, though a single numeric stays text.
  [NUMERIC_ARRAY, textArray],
  // A calendar day has no time zone; as a Date it would shift with the machine's.
  [builtins.DATE, (text) => text],
]);

/** Result parsers of this kit's pools: integers stay exact; everything else as pg does it. */
export const kitTypes: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
    const own = format === 'binary' ? undefined : parsers.get(oid);
    if (own) return own;
    const standard: unknown = pg.types.getTypeParser(oid, format);
    return standard;
  }) as pg.CustomTypesConfig['getTypeParser'],
};
