import { type z } from 'zod';
import { type SettingsSchema } from './define-settings.ts';

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ');

function asCode(value: unknown): string {
  return value === undefined ? '' : `\`${cell(JSON.stringify(value))}\``;
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n') + '\n';
}

/** The README’s table of settings, so that a README can be generated from, and checked against, the schema. */
export function settingsMarkdownTable<Shape extends z.ZodObject>(schema: SettingsSchema<Shape>): string {
  const rows = schema.fields.map((field) => [
    `\`${field.path}\``,
    asCode(field.default),
    asCode(field.example),
    field.reload,
    cell(field.description),
  ]);
  return table(['Setting', 'Default', 'Example', 'Takes effect', 'Description'], rows);
}

/** The README’s table of environment variables. */
export function secretsMarkdownTable(
  secrets: Readonly<Record<string, { description: string; required: boolean }>>,
): string {
  const rows = Object.entries(secrets).map(([name, secret]) => [
    `\`${name}\``,
    secret.required ? 'yes' : 'no',
    cell(secret.description),
  ]);
  return table(['Variable', 'Required', 'Description'], rows);
}
