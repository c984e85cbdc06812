import { type njordr } from '@edda/contracts';
import { eddaObject, finishReasonOf, usageOf } from './answer.ts';
import { type CollectedAnswer, type CollectedCall } from './collect-answer.ts';

/** How an answer looks at one of OpenAI's paths, in one piece and as a stream of objects. */
export interface AnswerFormat {
  /** Of the whole answer. */
  whole(answer: CollectedAnswer): object;
  /** Of the first object of a stream; undefined where there is none. */
  opening(): object | undefined;
  /** Of a chunk; undefined where it has nothing to say here. */
  piece(chunk: njordr.OutputChunk): object | undefined;
  /** Of the object that ends the text, and the one with the usage if the client asked for it. */
  closing(receipt: njordr.Receipt, accepted: njordr.ExecutionAccepted): object[];
}

export interface FormatOptions {
  /** `chatcmpl-…` or `cmpl-…`. */
  id: string;
  model: string;
  /** Unix seconds. */
  created: number;
  includeUsage: boolean;
}

export function chatFormat({ id, model, created, includeUsage }: FormatOptions): AnswerFormat {
  const base = { id, object: 'chat.completion.chunk', created, model };
  const chunk = (delta: object, finish: string | null) => ({
    ...base,
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    ...(includeUsage && { usage: null }),
  });
  return {
    whole: (answer) => ({
      ...base,
      object: 'chat.completion',
      choices: [
        {
          index: 0,
          message: messageOf(answer),
          logprobs: null,
          finish_reason: finishReasonOf(answer.receipt.finishReason),
        },
      ],
      usage: usageOf(answer.receipt),
      edda: eddaObject(answer.receipt, answer.accepted),
    }),
    opening: () => chunk({ role: 'assistant', content: '' }, null),
    piece: ({ content, reasoning, toolCalls }) => {
      const delta = {
        ...(content !== '' && { content }),
        ...(reasoning !== '' && { reasoning_content: reasoning }),
        ...(toolCalls.length > 0 && { tool_calls: toolCalls.map(callDelta) }),
      };
      return Object.keys(delta).length === 0 ? undefined : chunk(delta, null);
    },
    closing: (receipt, accepted) => {
      const last = { ...chunk({}, finishReasonOf(receipt.finishReason)), edda: eddaObject(receipt, accepted) };
      return includeUsage ? [last, { ...base, choices: [], usage: usageOf(receipt) }] : [last];
    },
  };
}

function messageOf({ content, reasoning, toolCalls }: CollectedAnswer): object {
  return {
    role: 'assistant',
    content: content === '' && toolCalls.length > 0 ? null : content,
    refusal: null,
    ...(reasoning !== '' && { reasoning_content: reasoning }),
    ...(toolCalls.length > 0 && { tool_calls: toolCalls.map(callOf) }),
  };
}

const callOf = ({ id, name, arguments: text }: CollectedCall) => ({
  id,
  type: 'function',
  function: { name, arguments: text },
});

/** The first piece of a call carries its id, type and name; later ones only more of the arguments. */
const callDelta = ({ index, id, name, arguments: text }: njordr.ToolCallDelta) => ({
  index,
  ...(id !== '' && { id, type: 'function' }),
  function: { ...(name !== '' && { name }), arguments: text },
});
