import { closeSync, existsSync, openSync, renameSync, statSync, writeSync } from 'node:fs';

export interface LogFile {
  /** Writes synchronously, so that no line is lost when the process ends. */
  readonly write: (line: string) => void;
  readonly close: () => void;
}

export interface LogRotation {
  /** A file that has grown beyond this many bytes is put aside; 64 MiB by default. */
  maxBytes?: number;
  /** How many files put aside are kept, `<file>.1` being the newest; 1 by default. */
  keep?: number;
}

const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;

/**
 * Opens a log file to append to, and rotates it by size. A line that cannot be written, on a full disk for instance,
 * goes to standard error instead: a log must not stop the work it tells of.
 * @throws when the file cannot be opened at first
 */
export function openLogFile(file: string, { maxBytes = DEFAULT_MAX_BYTES, keep = 1 }: LogRotation = {}): LogFile {
  const sizeOf = () => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  let bytes = sizeOf();
  if (bytes > maxBytes) putAside(file, keep);
  let descriptor: number | undefined = openSync(file, 'a');
  bytes = sizeOf();
  const rotate = (open: number) => {
    closeSync(open);
    // Should what follows fail, the next line tries to open the file again.
    descriptor = undefined;
    putAside(file, keep);
    bytes = 0;
    return (descriptor = openSync(file, 'a'));
  };
  let closed = false;
  return {
    write(line) {
      if (closed) return;
      try {
        const open = descriptor ?? (descriptor = openSync(file, 'a'));
        bytes += writeSync(bytes > maxBytes ? rotate(open) : open, line);
      } catch (error) {
        process.stderr.write(`${file}: ${error instanceof Error ? error.message : String(error)}\n${line}`);
      }
    },
    close() {
      closed = true;
      if (descriptor !== undefined) closeSync(descriptor);
      descriptor = undefined;
    },
  };
}

/** `<file>` becomes `<file>.1`, that one `<file>.2` and so on; the oldest is overwritten. */
function putAside(file: string, keep: number): void {
  for (let age = keep; age > 1; age -= 1) {
    if (existsSync(`${file}.${age - 1}`)) renameSync(`${file}.${age - 1}`, `${file}.${age}`);
  }
  renameSync(file, `${file}.1`);
}
