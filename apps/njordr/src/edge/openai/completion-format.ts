import { eddaObject, finishReasonOf, usageOf } from './answer.ts';
import { type AnswerFormat, type FormatOptions } from './chat-format.ts';

/** The older shape of POST /v1/completions: plain text. */
export function completionFormat({ id, model, created, includeUsage }: FormatOptions): AnswerFormat {
  const base = { id, object: 'text_completion', created, model };
  const choices = (text: string, finish: string | null) => [{ text, index: 0, logprobs: null, finish_reason: finish }];
  const usage = includeUsage && { usage: null };
  return {
    whole: ({ content, receipt, accepted }) => ({
      ...base,
      choices: choices(content, finishReasonOf(receipt.finishReason)),
      usage: usageOf(receipt),
      edda: eddaObject(receipt, accepted),
    }),
    opening: () => undefined,
    piece: ({ content }) => (content === '' ? undefined : { ...base, choices: choices(content, null), ...usage }),
    closing: (receipt, accepted) => {
      const finish = choices('', finishReasonOf(receipt.finishReason));
      const last = { ...base, choices: finish, ...usage, edda: eddaObject(receipt, accepted) };
      return includeUsage ? [last, { ...base, choices: [], usage: usageOf(receipt) }] : [last];
    },
  };
}
