import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openLogFile } from './open-log-file.ts';

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

  it('keeps as many as asked for, the newest first, and none beyond', () => {
    const file = join(folder, 'log');
    const log = openLogFile(file, { maxBytes: 5, keep: 2 });
    for (const line of ['first\n', 'second\n', 'third\n', 'fourth\n']) log.write(line);
    log.close();
    const contents = readdirSync(folder)
      .sort()
      .map((name) => [name, readFileSync(join(folder, name), 'utf8')]);
    expect(contents).toEqual([
      ['log', 'fourth\n'],
      ['log.1', 'third\n'],
      ['log.2', 'second\n'],
    ]);
  });

  it('writes to standard error what the file does not take, and to the file again once it can', () => {
    const file = join(folder, 'log');
    const log = openLogFile(file, { maxBytes: 5 });
    log.write('first\n');
    // A folder in its place: the full file cannot be put aside.
    mkdirSync(join(`${file}.1`, 'in-the-way'), { recursive: true });
    const shown = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    log.write('second\n');
    expect(shown).toHaveBeenCalledWith(expect.stringMatching(/log: .*\nsecond\n$/s));
    shown.mockRestore();
    rmSync(`${file}.1`, { recursive: true });
    log.write('third\n');
    log.close();
    expect(readFileSync(file, 'utf8')).toContain('third\n');
  });

  it('ignores lines after it was closed', () => {
    const file = join(folder, 'log');
    const log = openLogFile(file);
    log.close();
    log.write('late\n');
    expect(readFileSync(file, 'utf8')).toBe('');
  });
});
