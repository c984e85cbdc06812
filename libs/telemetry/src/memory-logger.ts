import { createLogger, type Logger } from './logger.ts';
import { type LogLevels } from './log-levels.ts';

/** One captured line, as parsed from its JSON. */
export type LogRecord = Readonly<Record<string, unknown>>;

/** A logger for tests, and what it wrote. */
export interface MemoryLogger {
  logger: Logger;
  /** Lines so far, oldest first; the array grows in place. */
  records: LogRecord[];
  /** All lines as they would have been written. */
  text: () => string;
}

/** Captures every line from `trace` up, unless told otherwise; for tests only, as it keeps everything. */
export function createMemoryLogger(levels: LogLevels = { level: 'trace' }): MemoryLogger {
  const lines: string[] = [];
  const records: LogRecord[] = [];
  const write = (line: string) => {
    lines.push(line);
    records.push(JSON.parse(line) as LogRecord);
  };
  return {
    logger: createLogger({ service: 'test', ...levels, destination: { write } }),
    records,
    text: () => lines.join(''),
  };
}

/** A logger that writes nothing. */
export function silentLogger(): Logger {
  return createLogger({ service: 'silent', level: 'silent', destination: { write: () => true } });
}
