/** Severities as pino numbers them. */
export const levelValues = {
  trace: 10,
  debug: 20,
  info: 30,
  warn: 40,
  error: 50,
  fatal: 60,
  silent: Number.POSITIVE_INFINITY,
} as const;

/** `silent` writes nothing. */
export type LogLevel = keyof typeof levelValues;

/** The levels in force: one for everything, exceptions by module (`grpc` also governs `grpc.client`). */
export interface LogLevels {
  level?: LogLevel;
  modules?: Readonly<Record<string, LogLevel>>;
}

/** One module’s current threshold, shared by all loggers of that module. */
export interface Threshold {
  value: number;
}

export interface LevelTable {
  thresholdOf(module: string): Threshold;
  set(levels: LogLevels): void;
}

function resolve(levels: LogLevels, module: string): number {
  let name = module;
  while (name !== '') {
    const level = levels.modules?.[name];
    if (level !== undefined) return levelValues[level];
    name = name.slice(0, Math.max(0, name.lastIndexOf('.')));
  }
  return levelValues[levels.level ?? 'info'];
}

/** Keeps the thresholds of all modules that log, so that a change reaches loggers already handed out. */
export function createLevelTable(initial: LogLevels): LevelTable {
  let levels = initial;
  const thresholds = new Map<string, Threshold>();
  return {
    thresholdOf(module) {
      const known = thresholds.get(module);
      if (known !== undefined) return known;
      const threshold = { value: resolve(levels, module) };
      thresholds.set(module, threshold);
      return threshold;
    },
    set(next) {
      levels = next;
      for (const [module, threshold] of thresholds) threshold.value = resolve(levels, module);
    },
  };
}
