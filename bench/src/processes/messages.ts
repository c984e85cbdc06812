/** From the benchmark to a process of its. */
export interface Question {
  id: number;
  name: string;
  body: unknown;
}

/** From such a process to the benchmark. */
export type Report =
  | { type: 'ready'; value: unknown }
  | { type: 'failed'; message: string }
  | { type: 'answer' | 'error'; id: number; value: unknown };
