import { readFile, stat } from 'node:fs/promises';
import { type FieldViolation } from '@edda/faults';

/** A settings file larger than this is refused: 1 MiB is a thousand times a real one. */
const maxBytes = 1_048_576;

/** What a file held: its text for comparison, and its JSON or what is wrong with it. */
export type FileContent =
  { state: 'missing' } | { state: 'read'; text: string; json: unknown; violations: FieldViolation[] };

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

/** Reads a JSON file; `$schema` at the top, which editors use, is left out. */
export async function readSettingsFile(file: string): Promise<FileContent> {
  const failed = (text: string, description: string): FileContent => ({
    state: 'read',
    text,
    json: {},
    violations: [{ field: '', description }],
  });
  let text: string;
  try {
    const { size } = await stat(file);
    if (size > maxBytes) return failed(`${size}`, `the file has ${size} bytes, more than ${maxBytes}`);
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return { state: 'missing' };
    return failed(`${(error as Error).message}`, `the file cannot be read: ${(error as Error).message}`);
  }
  try {
    const json: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    if (typeof json === 'object' && json !== null && '$schema' in json) delete json.$schema;
    return { state: 'read', text, json, violations: [] };
  } catch (error) {
    return failed(text, `not valid JSON: ${(error as Error).message}`);
  }
}
