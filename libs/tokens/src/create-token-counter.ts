import { invalidInput } from '@edda/faults';
import { chatFormatOf, type CountedMessage } from './chat-formats.ts';
import { countBlocks } from './count-blocks.ts';
import { createPieceCounter, type Count, type PieceCounter } from './create-piece-counter.ts';
import { createStreamCounter } from './create-stream-counter.ts';
import { encodingOf, type EncodingName } from './encodings.ts';
import { checkModelTable, createPatternLookup, modelTable } from './model-table.ts';

export interface CountResult {
  tokens: number;
  /** EXACT: what the model's own tokenizer counts. ESTIMATED: another tokenizer, or pieces capped for safety. */
  method: 'EXACT' | 'ESTIMATED';
  /** The encoding that counted. */
  tokenizer: string;
}

export interface TokenStream {
  /**
   * Takes the next text and returns the running count. Never below the count of the text so far by
   * more than a few tokens; above it where long text without any break arrives in small pieces, so
   * ask `total` before acting on a limit.
   */
  push(text: string): number;
  /** The count of everything pushed: the same as `countText` of it, however it was cut. */
  total(): CountResult;
}

export interface TokenCounter {
  countText(model: string, text: string): CountResult;
  /** A chat prompt: the messages and what the model's chat format adds to them, see chat-formats.ts. */
  countMessages(model: string, messages: readonly CountedMessage[]): CountResult;
  stream(model: string): TokenStream;
  /** Loads what counting for the model needs, so that the first request does not wait for it. */
  warm(model: string): void;
}

export interface TokenCounterOptions {
  /** More models, or other encodings for known ones: name or `prefix*` → encoding. */
  table?: Readonly<Record<string, string>>;
  /**
   * For models without an entry: how many tokens theirs makes of 1,000 of o200k_base,
   * by name or `prefix*`; 1 to 10,000, whole numbers. 1,000 where nothing is given.
   */
  calibration?: Readonly<Record<string, number>>;
}

const FALLBACK: EncodingName = 'o200k_base';

/**
 * Counts tokens by model. Special-token spellings such as `<|endoftext|>` are ordinary text.
 * @throws INVALID_INPUT for an unknown encoding in the table or a calibration out of bounds
 */
export function createTokenCounter(options: TokenCounterOptions = {}): TokenCounter {
  const encodingFor = createPatternLookup({ ...modelTable, ...checkModelTable(options.table ?? {}) });
  const perMilleFor = createPatternLookup(checkCalibration(options.calibration ?? {}));
  const counters = new Map<EncodingName, PieceCounter>();

  function counterOf(name: EncodingName): PieceCounter {
    const existing = counters.get(name);
    if (existing) return existing;
    const created = createPieceCounter(encodingOf(name));
    counters.set(name, created);
    return created;
  }

  function methodFor(model: string) {
    const known = encodingFor(model);
    const tokenizer = known ?? FALLBACK;
    const perMille = known === undefined ? (perMilleFor(model) ?? 1_000) : 1_000;
    const scale = (tokens: number) => Math.ceil((tokens * perMille) / 1_000);
    const result = ({ tokens, capped }: Count): CountResult => ({
      tokens: scale(tokens),
      method: known === undefined || capped ? 'ESTIMATED' : 'EXACT',
      tokenizer,
    });
    return { counter: counterOf(tokenizer), format: chatFormatOf(tokenizer), scale, result };
  }

  return {
    countText(model, text) {
      const { counter, result } = methodFor(model);
      return result(countBlocks(counter, text));
    },
    countMessages(model, messages) {
      const { counter, format, result } = methodFor(model);
      const { special, texts } = format(messages);
      const sum: Count = { tokens: special, capped: false };
      for (const text of texts) {
        const count = countBlocks(counter, text);
        sum.tokens += count.tokens;
        sum.capped ||= count.capped;
      }
      return result(sum);
    },
    stream(model) {
      const { counter, scale, result } = methodFor(model);
      const stream = createStreamCounter(counter);
      return { push: (text) => scale(stream.push(text)), total: () => result(stream.total()) };
    },
    warm: (model) => methodFor(model).counter.warm(),
  };
}

function checkCalibration(calibration: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const violations = Object.entries(calibration)
    .filter(([, perMille]) => !Number.isInteger(perMille) || perMille < 1 || perMille > 10_000)
    .map(([pattern]) => ({ field: `calibration.${pattern}`, description: 'must be a whole number, 1 to 10,000' }));
  if (violations.length > 0) throw invalidInput(violations);
  return calibration;
}
