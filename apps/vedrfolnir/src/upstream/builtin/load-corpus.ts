import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The texts the builtin model is trained on, part of this package. */
export const corpusFolder = join(import.meta.dirname, '..', '..', '..', 'corpus');

/** Reads every `.txt` of a folder, in the order of their names, as one text of paragraphs. */
export async function loadCorpus(folder = corpusFolder): Promise<string> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.txt')).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  return texts.map((text) => text.trim()).join('\n\n');
}
