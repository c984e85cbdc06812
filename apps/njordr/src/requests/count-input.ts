import { common, type njordr } from '@edda/contracts';
import { type AsyncTokenCounter, type CountResult } from '@edda/tokens';
import { type CheckedParameters } from './validate-parameters.ts';

export interface CountedInput {
  tokens: bigint;
  method: common.TokenMethod;
  tokenizer: string;
}

/**
 * Counts a prompt: the conversation, the calls in it, and the tools offered, which models read as text.
 * @throws RATE_LIMITED, DEADLINE_EXCEEDED, DEPENDENCY_UNAVAILABLE for large prompts, which threads count
 */
export async function countInput(
  counter: AsyncTokenCounter,
  { parameters, messages }: CheckedParameters,
): Promise<CountedInput> {
  const { model } = parameters;
  const conversation = await counter.countMessages(
    model,
    messages.map(({ role, content, name }) => ({ role, content, ...(name !== undefined && { name }) })),
  );
  const extra = extraText(parameters, messages);
  const counts: CountResult[] = extra === '' ? [conversation] : [conversation, await counter.countText(model, extra)];
  return {
    tokens: BigInt(counts.reduce((sum, { tokens }) => sum + tokens, 0)),
    method: methodOf(counts.every(({ method }) => method === 'EXACT')),
    tokenizer: conversation.tokenizer,
  };
}

export function methodOf(exact: boolean): common.TokenMethod {
  return exact ? common.TokenMethod.EXACT : common.TokenMethod.ESTIMATED;
}

function extraText({ tools }: njordr.ComputeParameters, messages: readonly common.ChatMessage[]): string {
  const parts: string[] = [];
  for (const { toolCalls } of messages) {
    for (const call of toolCalls) parts.push(call.name, call.arguments);
  }
  for (const tool of tools) parts.push(tool.name, tool.description, tool.parametersJson);
  return parts.join('\n');
}
