import { common, type heidrun } from '@edda/contracts';
import { type AsyncTokenCounter } from '@edda/tokens';
import { tokenCount } from '../fields.ts';
import { type Counted, countMessages, countText } from './count-input.ts';

/** A leg of a capture after counting, before it is decided what is billed. */
export interface MeasuredLeg {
  providerId: string;
  input?: Counted;
  output?: Counted;
  claimedInputTokens?: bigint;
  claimedOutputTokens?: bigint;
}

/**
 * Counts what the legs carry as text; counts given by the caller are taken as they are.
 * @throws TOKEN_COUNT_OUT_OF_RANGE naming the field
 */
export async function measureLegs(
  counter: AsyncTokenCounter,
  model: string,
  legs: readonly heidrun.CaptureLeg[],
): Promise<MeasuredLeg[]> {
  const measured: MeasuredLeg[] = [];
  for (const [index, leg] of legs.entries()) measured.push(await measureLeg(counter, model, leg, `legs.${index}`));
  return measured;
}

async function measureLeg(
  counter: AsyncTokenCounter,
  model: string,
  leg: heidrun.CaptureLeg,
  path: string,
): Promise<MeasuredLeg> {
  const input = await inputOf(counter, model, leg, path);
  const output = await outputOf(counter, model, leg, path);
  const { claimedInputTokens, claimedOutputTokens } = leg;
  return {
    providerId: leg.providerId,
    ...(input !== undefined && { input }),
    ...(output !== undefined && { output }),
    ...(claimedInputTokens !== undefined && {
      claimedInputTokens: tokenCount(`${path}.claimed_input_tokens`, claimedInputTokens),
    }),
    ...(claimedOutputTokens !== undefined && {
      claimedOutputTokens: tokenCount(`${path}.claimed_output_tokens`, claimedOutputTokens),
    }),
  };
}

async function inputOf(
  counter: AsyncTokenCounter,
  model: string,
  { input, countedMethod }: heidrun.CaptureLeg,
  path: string,
): Promise<Counted | undefined> {
  switch (input?.$case) {
    case 'inputTokens':
      return given(tokenCount(`${path}.input_tokens`, input.value), countedMethod);
    case 'inputText':
      return countText(counter, model, input.value);
    case 'inputMessages':
      return countMessages(counter, model, input.value);
    case undefined:
      return undefined;
  }
}

async function outputOf(
  counter: AsyncTokenCounter,
  model: string,
  { output, countedMethod }: heidrun.CaptureLeg,
  path: string,
): Promise<Counted | undefined> {
  switch (output?.$case) {
    case 'outputTokens':
      return given(tokenCount(`${path}.output_tokens`, output.value), countedMethod);
    case 'outputText':
      return countText(counter, model, output.value);
    case undefined:
      return undefined;
  }
}

function given(tokens: bigint, method: common.TokenMethod): Counted {
  const { UNSPECIFIED, REPORTED } = common.TokenMethod;
  return { tokens, method: method === UNSPECIFIED ? REPORTED : method, tokenizer: '' };
}
