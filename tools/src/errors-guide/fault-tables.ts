import { globSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** One reason as its table in the code says. */
export interface FaultEntry {
  kind: string;
  meaning: string;
  remedy: string;
}

/** The reasons of one file. */
export interface FaultTable {
  /** `<service>.edda`, or `edda` for what every service shares. */
  domain: string;
  file: string;
  entries: ReadonlyMap<string, FaultEntry>;
}

/** Every table of reasons in apps and libraries: whatever a file named `…faults.ts` exports by `defineFaults`. */
export async function faultTables(root: string): Promise<FaultTable[]> {
  const files = globSync('{apps,libs}/*/src/**/*faults.ts', { cwd: root }).sort();
  const tables: FaultTable[] = [];
  for (const file of files) {
    const exported = Object.values((await import(/* @vite-ignore */ pathToFileURL(join(root, file)).href)) as object);
    for (const { domain, table } of exported.filter(isFaults)) {
      tables.push({ domain, file, entries: new Map(Object.entries(table)) });
    }
  }
  return tables;
}

function isFaults(value: unknown): value is { domain: string; table: Record<string, FaultEntry> } {
  return typeof value === 'object' && value !== null && 'domain' in value && 'table' in value;
}
