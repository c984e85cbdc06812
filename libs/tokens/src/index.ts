export { type CountedMessage } from './chat-formats.ts';
export {
  createCounterPool,
  type AsyncTokenCounter,
  type CounterPool,
  type CounterPoolOptions,
} from './create-counter-pool.ts';
export {
  createTokenCounter,
  type CountResult,
  type TokenCounter,
  type TokenCounterOptions,
  type TokenStream,
} from './create-token-counter.ts';
export { encodingNames, type EncodingName } from './encodings.ts';
export { modelTable } from './model-table.ts';
