import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLogFile } from './log-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edda-log-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('openLogFile', () => {
  it('appends to what is there', () => {
    const file = join(folder, 'log');
    writeFileSync(file, 'old\n');
    const log = openLogFile(file);
    log.write('new\n');
    log.close();
    expect(readFileSync(file, 'utf8')).toBe('old\nnew\n');
  });

  it('puts a file that has grown too large aside, keeping one', () => {
    const file = join(folder, 'log');
    writeFileSync(file, '');
    truncateSync(file, 65 * 1024 * 1024);
    const log = openLogFile(file);
    log.write('new\n');
    log.close();
    expect(readFileSync(file, 'utf8')).toBe('new\n');
    expect(readFileSync(`${file}.1`)).toHaveLength(65 * 1024 * 1024);
  });

  it('ignores lines after it was closed', () => {
    const file = join(folder, 'log');
    const log = openLogFile(file);
    log.close();
    log.write('late\n');
    expect(readFileSync(file, 'utf8')).toBe('');
  });
});
