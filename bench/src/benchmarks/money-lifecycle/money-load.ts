/** What a side of the benchmark is started with. */
export interface MoneyInput {
  side: 'batched' | 'interactive';
  wallets: number;
}

/** What it is asked to do. */
export interface MoneyLoad {
  ms: number;
  /** Lifecycles under way at the same time. */
  concurrency: number;
}
