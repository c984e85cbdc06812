import { type Logger as Pino, pino } from 'pino';
import { createLevelTable, levelValues, type LevelTable, type LogLevel, type LogLevels } from './log-levels.ts';
import { type LogDestination, openDestination } from './log-destination.ts';
import { redactFields, redactText } from './redact.ts';
import { contextFields } from './request-context.ts';

/** Writes one line: fields and a message, an error and a message, or a message alone. */
export interface LogMethod {
  (fields: object, message?: string): void;
  (message: string): void;
}

/** A structured logger. Fields are snake_case; secrets, prompts and answers are redacted at any depth. */
export interface Logger {
  readonly trace: LogMethod;
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
  readonly fatal: LogMethod;
  /** A logger whose lines carry these fields too. */
  child(fields: object): Logger;
  /** A logger for one part of the service, with its own level; dots make sub-modules. */
  module(name: string): Logger;
  /** Replaces all levels, at once and for every logger made from the same root. */
  setLevels(levels: LogLevels): void;
  isLevelEnabled(level: LogLevel): boolean;
}

export interface LoggerOptions extends LogLevels {
  service: string;
  /** Readable lines instead of JSON. */
  pretty?: boolean;
  /** `stdout` by default. Lines are written synchronously, so none is lost when the process ends. */
  destination?: LogDestination;
}

interface Scope {
  pino: Pino;
  levels: LevelTable;
  module: string;
  /** Names bound by child(): the request's context does not repeat them. */
  bound: ReadonlySet<string>;
}

/** The root logger of a service; level `info` unless said otherwise. */
export function createLogger(options: LoggerOptions): Logger {
  const root = pino(
    {
      base: { service: options.service },
      level: 'trace',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: (error: unknown) => error },
    },
    openDestination(options.destination ?? 'stdout', options.pretty ?? false),
  );
  return fromScope({ pino: root, levels: createLevelTable(options), module: '', bound: new Set() });
}

function fromScope(scope: Scope): Logger {
  const threshold = scope.levels.thresholdOf(scope.module);
  const method = (level: Exclude<LogLevel, 'silent'>): LogMethod => {
    const severity = levelValues[level];
    return (first: object | string, message?: string) => {
      if (severity < threshold.value) return;
      if (typeof first === 'string') scope.pino[level](unboundContext(scope), redactText(first));
      else write(scope, level, first, message);
    };
  };
  return {
    trace: method('trace'),
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
    fatal: method('fatal'),
    child: (fields) =>
      fromScope({
        ...scope,
        pino: scope.pino.child(redactFields(fields)),
        bound: new Set([...scope.bound, ...Object.keys(fields)]),
      }),
    module: (name) => {
      const module = scope.module === '' ? name : `${scope.module}.${name}`;
      return fromScope({ ...scope, module, pino: scope.pino });
    },
    setLevels: (levels) => scope.levels.set(levels),
    isLevelEnabled: (level) => levelValues[level] >= threshold.value,
  };
}

function write(scope: Scope, level: Exclude<LogLevel, 'silent'>, fields: object, message?: string): void {
  const text = message ?? (fields instanceof Error ? fields.message : undefined);
  const line = { ...unboundContext(scope), ...redactFields(fields) };
  if (text === undefined) scope.pino[level](line);
  else scope.pino[level](line, redactText(text));
}

function unboundContext(scope: Scope): Record<string, string> {
  const fields = contextFields();
  for (const name of scope.bound) delete fields[name];
  if (scope.module !== '') fields.module = scope.module;
  return fields;
}
