import { common, enumName, type heidrun } from '@edda/contracts';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { type Logger } from '@edda/telemetry';
import { type AsyncTokenCounter } from '@edda/tokens';
import { z } from 'zod';
import { fields, tokenCount } from '../fields.ts';
import { type Counted, countMessages, countText, reported } from '../metering/count-input.ts';

/** What the token RPCs stand on. */
export interface TokenDeps {
  counter: AsyncTokenCounter;
  /** The module `tokens`: one line per calculation. */
  logger: Logger;
  onCalculation: () => void;
}

const schema = z.object({
  requestId: fields.optionalId,
  providerId: fields.optionalId,
  model: fields.model,
});

const messagesSchema = z.object({ inputMessages: fields.messages });

/** From the strongest to the weakest way of counting. */
const strength: readonly common.TokenMethod[] = [
  common.TokenMethod.EXACT,
  common.TokenMethod.ESTIMATED,
  common.TokenMethod.REPORTED,
];

/** CountTokens: counts what is text, takes over what was counted. Stores nothing. */
export function createCountTokens(deps: TokenDeps) {
  return async (request: heidrun.CountTokensRequest, ctx: CallContext): Promise<heidrun.CountTokensResponse> => {
    parseWith(schema, request);
    const input = await countInput(deps.counter, request);
    const output = await countOutput(deps.counter, request);
    const parts = [input, output].filter((part) => part !== undefined);
    const weakest = Math.max(0, ...parts.map((part) => strength.indexOf(part.method)));
    const inputTokens = input?.tokens ?? 0n;
    const outputTokens = output?.tokens ?? 0n;
    const response = {
      totalTokens: inputTokens + outputTokens,
      inputTokens,
      outputTokens,
      method: strength[weakest] ?? common.TokenMethod.EXACT,
      tokenizer: parts.find((part) => part.tokenizer !== '')?.tokenizer ?? '',
    };
    deps.onCalculation();
    log(deps, request, ctx, response);
    return response;
  };
}

async function countInput(
  counter: AsyncTokenCounter,
  { model, input }: heidrun.CountTokensRequest,
): Promise<Counted | undefined> {
  switch (input?.$case) {
    case 'inputTokens':
      return reported(tokenCount('input_tokens', input.value));
    case 'inputText':
      return countText(counter, model, input.value);
    case 'inputMessages':
      // Named as the contract names it, not by its place in the oneof.
      parseWith(messagesSchema, { inputMessages: input.value });
      return countMessages(counter, model, input.value);
    case undefined:
      return undefined;
  }
}

async function countOutput(
  counter: AsyncTokenCounter,
  { model, output }: heidrun.CountTokensRequest,
): Promise<Counted | undefined> {
  switch (output?.$case) {
    case 'outputTokens':
      return reported(tokenCount('output_tokens', output.value));
    case 'outputText':
      return countText(counter, model, output.value);
    case undefined:
      return undefined;
  }
}

function log(
  { logger }: TokenDeps,
  { requestId, providerId, model }: heidrun.CountTokensRequest,
  ctx: CallContext,
  response: heidrun.CountTokensResponse,
): void {
  if (!logger.isLevelEnabled('info')) return;
  logger.info(
    {
      request_id: requestId || ctx.requestId,
      provider_id: providerId,
      model,
      input_tokens: response.inputTokens,
      output_tokens: response.outputTokens,
      total_tokens: response.totalTokens,
      counting: enumName(common.TokenMethod, response.method),
      tokenizer: response.tokenizer,
    },
    'tokens counted',
  );
}
