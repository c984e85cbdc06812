import { readFile } from 'node:fs/promises';
import prismaSchema from '@prisma/prisma-schema-wasm';

/** The part of Prisma's data model (DMMF) that concerns the database. */
export interface PrismaModel {
  name: string;
  dbName: string | null;
  fields: PrismaField[];
  primaryKey: { fields: string[] } | null;
}

export interface PrismaField {
  name: string;
  dbName?: string;
  kind: 'scalar' | 'enum' | 'object';
  type: string;
  nativeType: [name: string, args: string[]] | null;
  isList: boolean;
  isRequired: boolean;
  isId: boolean;
}

export interface PrismaDatamodel {
  enums: { name: string; dbName: string | null; values: { name: string; dbName: string | null }[] }[];
  models: PrismaModel[];
  indexes: { model: string; type: string; fields: { name: string }[] }[];
}

/** Parses a schema.prisma with Prisma's own parser. @throws Prisma's message when the schema is invalid */
export async function readPrismaSchema(path: string): Promise<PrismaDatamodel> {
  const text = await readFile(path, 'utf8');
  const request = JSON.stringify({ prismaSchema: [[path, text]], noColor: true });
  return (JSON.parse(prismaSchema.get_dmmf(request)) as { datamodel: PrismaDatamodel }).datamodel;
}

/** The column a field is stored in. */
export function columnOf(field: PrismaField): string {
  return field.dbName ?? field.name;
}
