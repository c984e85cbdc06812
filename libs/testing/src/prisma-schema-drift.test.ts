import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabases, type TestDatabase } from './create-test-databases.ts';
import { prismaSchemaDrift } from './prisma-schema-drift.ts';

const SCHEMA = `
datasource db {
  provider = "postgresql"
}
enum Color {
  RED  @map("red")
  BLUE
  @@map("color")
}
model Thing {
  id        BigInt   @id @default(autoincrement())
  networkId String   @map("network_id") @db.Uuid
  name      String?  @db.VarChar(40)
  tags      String[]
  color     Color
  price     Decimal  @db.Decimal(20, 4)
  at        DateTime @db.Timestamptz(6)
  plain     DateTime
  payload   Json
  small     Int      @db.SmallInt
  code      String   @unique
  parts     Part[]
  @@unique([networkId, code])
  @@map("things")
}
model Part {
  thingId  BigInt @map("thing_id")
  position Int
  thing    Thing  @relation(fields: [thingId], references: [id])
  @@id([thingId, position])
  @@map("parts")
}`;

const SQL = `
CREATE TYPE color AS ENUM ('red', 'BLUE');
CREATE TABLE things (
  id bigserial PRIMARY KEY, network_id uuid NOT NULL, name varchar(40), tags text[] NOT NULL, color color NOT NULL,
  price numeric(20, 4) NOT NULL, at timestamptz NOT NULL, plain timestamp(3) NOT NULL, payload jsonb NOT NULL,
  small smallint NOT NULL, code text NOT NULL UNIQUE, UNIQUE (network_id, code)
);
CREATE UNIQUE INDEX only_some ON things (name) WHERE small > 1;
CREATE TABLE parts (thing_id bigint REFERENCES things, position int, PRIMARY KEY (thing_id, position));
CREATE TABLE edda_migrations (name text);
CREATE TABLE outbox_events (id bigserial);`;

describe('prismaSchemaDrift', () => {
  const databases = createTestDatabases({ name: 'drift' });
  let folder: string;
  let schemaPath: string;
  let db: TestDatabase;
  const ignore = ['outbox_events'];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'edda-drift-'));
    schemaPath = join(folder, 'schema.prisma');
    await writeFile(schemaPath, SCHEMA);
    db = await databases.create();
    await db.pool.query(SQL);
  });
  afterAll(async () => {
    await databases.dropAll();
    await rm(folder, { recursive: true });
  });

  it('finds nothing where schema and database agree', async () => {
    expect(await prismaSchemaDrift({ schemaPath, pool: db.pool, ignore })).toEqual([]);
  });

  it.each([
    ['ALTER TABLE things DROP COLUMN small', 'column things.small: missing in the database'],
    ['ALTER TABLE things ADD extra int', 'column things.extra: missing in the Prisma schema'],
    [
      'ALTER TABLE things ALTER name TYPE text',
      'column things.name: character varying(40) in the Prisma schema, text in the database',
    ],
    [
      'ALTER TABLE things ALTER at TYPE timestamp',
      'column things.at: timestamp with time zone in the Prisma schema, timestamp without time zone in the database',
    ],
    [
      'ALTER TABLE things ALTER price TYPE numeric(20, 2)',
      'column things.price: numeric(20,4) in the Prisma schema, numeric(20,2) in the database',
    ],
    [
      'ALTER TABLE things ALTER small TYPE int',
      'column things.small: smallint in the Prisma schema, integer in the database',
    ],
    ['ALTER TABLE things ALTER name SET NOT NULL', 'column things.name: NOT NULL only in the database'],
    ['ALTER TABLE things ALTER code DROP NOT NULL', 'column things.code: nullable only in the database'],
    ['ALTER TABLE things DROP CONSTRAINT things_code_key', 'unique (code) of things: missing in the database'],
    ['ALTER TABLE things ADD UNIQUE (name)', 'unique (name) of things: missing in the Prisma schema'],
    [
      'ALTER TABLE parts DROP CONSTRAINT parts_pkey, ADD PRIMARY KEY (position, thing_id)',
      'primary key of parts: (thing_id, position) in the Prisma schema, (position, thing_id) in the database',
    ],
    [
      `ALTER TYPE color RENAME VALUE 'red' TO 'crimson'`,
      'enum color: BLUE, red in the Prisma schema, BLUE, crimson in the database',
    ],
    [`CREATE TYPE mood AS ENUM ('sad')`, 'enum mood: missing in the Prisma schema'],
    ['DROP TABLE parts', 'table parts: missing in the database'],
    ['CREATE TABLE other (id int)', 'table other: missing in the Prisma schema'],
  ])('after %s reports exactly that', async (change, difference) => {
    const changed = await databases.create();
    await changed.pool.query(SQL);
    await changed.pool.query(change);
    expect(await prismaSchemaDrift({ schemaPath, pool: changed.pool, ignore })).toEqual([difference]);
  });

  it('refuses a schema that Prisma would refuse', async () => {
    const broken = join(folder, 'broken.prisma');
    await writeFile(broken, SCHEMA.replace('model Part', 'modl Part'));
    await expect(prismaSchemaDrift({ schemaPath: broken, pool: db.pool })).rejects.toThrow('Part');
  });
});
