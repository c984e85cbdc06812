/** One round's measurement of one side. */
export interface Sample {
  /** The measured figure; both sides of a benchmark measure the same thing in the same unit. Above 0. */
  value: number;
  /** CPU time per operation in microseconds, where the round knows it. */
  cpuMicrosPerOperation?: number;
  /** Further figures worth keeping, each with its unit in the name: `p99LatencyMs`. */
  details?: Readonly<Record<string, number>>;
}

/** Both sides, set up and ready to be measured again and again. */
export interface Contest {
  runSubject(): Promise<Sample>;
  runYardstick(): Promise<Sample>;
  teardown(): Promise<void>;
}

/** Something of ours measured against a yardstick in the same run, on the same machine. */
export interface Benchmark {
  /** kebab-case; what `bun run bench <name>` takes. */
  name: string;
  /** What is measured, in one line. */
  description: string;
  /** What it is measured against, in one line. */
  yardstick: string;
  /** Unit of the samples' values, such as `calls/s` or `ms`. */
  unit: string;
  /** The ratio subject ÷ yardstick to reach (`higher`) or to stay under (`lower`). */
  target: { ratio: number; better: 'higher' | 'lower' };
  /** Expensive imports belong in here, so that listing the benchmarks stays quick. Logs must go to stderr. */
  setup(): Promise<Contest>;
}
