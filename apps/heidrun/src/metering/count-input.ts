import { common } from '@edda/contracts';
import { invalidInput } from '@edda/faults';
import { type AsyncTokenCounter, type CountResult } from '@edda/tokens';
import { z } from 'zod';
import { fields, tokenCount } from '../fields.ts';

/** An input as requests carry it: counted already, one text, or chat messages. */
export type InputAmount =
  | { $case: 'inputTokens'; value: bigint }
  | { $case: 'prompt'; value: string }
  | { $case: 'messages'; value: common.ChatMessages };

export interface Counted {
  tokens: bigint;
  method: common.TokenMethod;
  /** '' when nothing was counted here. */
  tokenizer: string;
}

/** The form of an input; counts are checked by `countInput`, which names their own reason. */
export const inputField = z
  .discriminatedUnion('$case', [
    z.object({ $case: z.literal('inputTokens'), value: z.bigint() }),
    z.object({ $case: z.literal('prompt'), value: z.string() }),
    z.object({ $case: z.literal('messages'), value: fields.messages }),
  ])
  .optional();

/** Counts one text with the model's tokenizer. */
export async function countText(counter: AsyncTokenCounter, model: string, text: string): Promise<Counted> {
  return fromCounter(await counter.countText(model, text));
}

/** Counts chat messages with the overhead of the chat format; tool calls count by name and arguments. */
export async function countMessages(
  counter: AsyncTokenCounter,
  model: string,
  { messages }: common.ChatMessages,
): Promise<Counted> {
  return fromCounter(
    await counter.countMessages(
      model,
      messages.map(({ role, content, name, toolCalls }) => ({
        role,
        content: toolCalls.reduce((text, call) => text + call.name + call.arguments, content),
        ...(name !== undefined && { name }),
      })),
    ),
  );
}

/**
 * @throws INVALID_INPUT when there is no input, TOKEN_COUNT_OUT_OF_RANGE; RATE_LIMITED, DEADLINE_EXCEEDED for large ones
 */
export async function countInput(
  counter: AsyncTokenCounter,
  model: string,
  input: InputAmount | undefined,
): Promise<Counted> {
  switch (input?.$case) {
    case 'inputTokens':
      return reported(tokenCount('input_tokens', input.value));
    case 'prompt':
      return countText(counter, model, input.value);
    case 'messages':
      return countMessages(counter, model, input.value);
    case undefined:
      throw invalidInput([{ field: 'input_tokens', description: 'give input_tokens, prompt or messages' }]);
  }
}

/** A count somebody else made. */
export function reported(tokens: bigint): Counted {
  return { tokens, method: common.TokenMethod.REPORTED, tokenizer: '' };
}

function fromCounter(result: CountResult): Counted {
  return { tokens: BigInt(result.tokens), method: common.TokenMethod[result.method], tokenizer: result.tokenizer };
}
