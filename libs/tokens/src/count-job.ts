import { type CountedMessage } from './chat-formats.ts';
import { type CountResult, type TokenCounterOptions } from './create-token-counter.ts';

/** What a worker thread is asked to count. */
export interface CountJob {
  id: number;
  model: string;
  input: string | readonly CountedMessage[];
  options: TokenCounterOptions;
}

export interface CountAnswer {
  id: number;
  result: CountResult;
}
