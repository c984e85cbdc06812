import { closeSync, openSync, renameSync, statSync, writeSync } from 'node:fs';

/** A log grows to this many bytes, then the previous one is replaced. */
const maxLogBytes = 64 * 1024 * 1024;

export interface LogFile {
  readonly write: (line: string) => void;
  readonly close: () => void;
}

/** Opens a log file to append to; one that has grown too large becomes `<file>.1` first. */
export function openLogFile(file: string): LogFile {
  let bytes = sizeOf(file);
  if (bytes > maxLogBytes) bytes = rotate(file);
  let descriptor: number | undefined = openSync(file, 'a');
  return {
    write(line) {
      if (descriptor === undefined) return;
      if (bytes > maxLogBytes) {
        closeSync(descriptor);
        bytes = rotate(file);
        descriptor = openSync(file, 'a');
      }
      bytes += writeSync(descriptor, line);
    },
    close() {
      if (descriptor !== undefined) closeSync(descriptor);
      descriptor = undefined;
    },
  };
}

function rotate(file: string): 0 {
  renameSync(file, `${file}.1`);
  return 0;
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
