import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { breakingChanges, differingFiles, generateInto, staleFiles } from './generate.ts';

let folder: string;
let fresh: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'edda-generate-test-'));
  fresh = generateInto(join(folder, 'fresh'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('generate', () => {
  it('gives the same bytes every time', () => {
    expect(differingFiles(fresh, generateInto(join(folder, 'again')))).toEqual([]);
  });

  it('names files that were edited, deleted or left over', () => {
    const copy = join(folder, 'copy');
    cpSync(fresh, copy, { recursive: true });
    const edited = join(copy, 'edda/common/v1/tokens.ts');
    writeFileSync(edited, `${readFileSync(edited, 'utf8')}\n`);
    rmSync(join(copy, 'descriptors.ts'));
    mkdirSync(join(copy, 'edda/gone/v1'), { recursive: true });
    writeFileSync(join(copy, 'edda/gone/v1/gone.ts'), '');
    expect(staleFiles(copy)).toEqual(['descriptors.ts', 'edda/common/v1/tokens.ts', 'edda/gone/v1/gone.ts']);
  });

  it('finds the checked-in code current', () => {
    expect(staleFiles()).toEqual([]);
  });

  it('keeps the protos’ comments', () => {
    expect(readFileSync(join(fresh, 'edda/common/v1/tokens.ts'), 'utf8')).toContain(
      "Counted by us with the model's own tokenizer.",
    );
  });
});

describe('breakingChanges', () => {
  it('names a field that was renamed since the base', () => {
    const root = join(import.meta.dirname, '../..');
    const [base, copy] = [join(folder, 'base'), join(folder, 'renamed')];
    for (const target of [base, copy]) {
      for (const path of ['buf.yaml', 'proto']) cpSync(join(root, path), join(target, path), { recursive: true });
    }
    expect(breakingChanges(base, copy)).toBe('');
    const event = join(copy, 'proto/edda/common/v1/event.proto');
    writeFileSync(event, readFileSync(event, 'utf8').replace('string user_id = 9;', 'string person_id = 9;'));
    expect(breakingChanges(base, copy)).toContain('changed name from "user_id" to "person_id"');
  });
});
