import { common, type heidrun } from '@edda/contracts';
import { invalidInput } from '@edda/faults';
import { parseWith } from '@edda/grpc-kit';
import { type AsyncTokenCounter } from '@edda/tokens';
import { z } from 'zod';
import { heidrunFaults } from '../faults.ts';
import { fields, tokenCount } from '../fields.ts';
import { type Counted, countMessages, countText, reported } from '../metering/count-input.ts';
import { type HoldAmount } from './plan-hold.ts';

const MAX_COST = 10n ** 12n;

const schema = z.object({
  idempotencyKey: fields.idempotencyKey,
  requestId: fields.id,
  transactionId: fields.id,
  requesterId: fields.id,
  networkId: fields.id,
  candidates: z
    .array(z.object({ providerId: fields.id, priceVersion: z.bigint().min(0n, 'must not be negative') }))
    .max(4, 'has at most 4 candidates')
    .refine((list) => new Set(list.map((c) => c.providerId)).size === list.length, 'names a provider twice'),
  providerId: fields.optionalId,
  model: fields.model,
  tokens: z
    .discriminatedUnion('$case', [
      z.object({ $case: z.enum(['estimatedTokens', 'inputTokens']), value: z.bigint() }),
      z.object({ $case: z.literal('prompt'), value: z.string() }),
      z.object({ $case: z.literal('messages'), value: fields.messages }),
    ])
    .optional(),
  maxOutputTokens: z.bigint().optional(),
  contextLeftTokens: z.bigint().optional(),
  maxCostCents: z.bigint().min(0n, 'must not be negative').max(MAX_COST, `must be at most ${MAX_COST}`).optional(),
  ttlSeconds: z.int().min(0, 'must not be negative').max(86_400, 'must be at most 86,400'),
});

/** A checked PreAuthorize request, its input counted. */
export interface HoldRequest {
  candidates: heidrun.Candidate[];
  amount: HoldAmount;
  input: Counted;
  maxCostCents?: bigint | undefined;
  ttlSeconds: number;
}

/**
 * Checks the request's form and counts its input, before any transaction is open.
 * @throws INVALID_INPUT, TOKENS_REQUIRED, TOKEN_COUNT_OUT_OF_RANGE; RATE_LIMITED, DEADLINE_EXCEEDED for large inputs
 */
export async function readHoldRequest(
  request: heidrun.PreAuthorizeRequest,
  counter: AsyncTokenCounter,
  maxTtlSeconds: number,
): Promise<HoldRequest> {
  parseWith(schema, request);
  const { ttlSeconds, maxCostCents } = request;
  if (ttlSeconds > maxTtlSeconds) {
    throw invalidInput([{ field: 'ttl_seconds', description: `must be at most ${maxTtlSeconds}` }]);
  }
  return {
    candidates: candidatesOf(request),
    ...(await amountOf(request, counter)),
    maxCostCents,
    ttlSeconds: ttlSeconds === 0 ? maxTtlSeconds : ttlSeconds,
  };
}

function candidatesOf({ candidates, providerId }: heidrun.PreAuthorizeRequest): heidrun.Candidate[] {
  if (candidates.length > 0 && providerId === '') return candidates;
  if (candidates.length === 0 && providerId !== '') return [{ providerId, priceVersion: 0n }];
  throw invalidInput([{ field: 'candidates', description: 'give either 1 to 4 candidates or provider_id' }]);
}

async function amountOf(
  request: heidrun.PreAuthorizeRequest,
  counter: AsyncTokenCounter,
): Promise<{ amount: HoldAmount; input: Counted }> {
  if (request.tokens?.$case === 'estimatedTokens') {
    const tokens = tokenCount('estimated_tokens', request.tokens.value);
    if (tokens === 0n) throw tokensRequired('estimated_tokens');
    if (request.maxOutputTokens !== undefined) {
      throw invalidInput([{ field: 'max_output_tokens', description: 'does not go with estimated_tokens' }]);
    }
    return { amount: { kind: 'total', tokens }, input: { ...reported(0n), method: common.TokenMethod.REPORTED } };
  }
  const input = await inputOf(request, counter);
  const { maxOutputTokens, contextLeftTokens } = request;
  return {
    input,
    amount: {
      kind: 'split',
      inputTokens: input.tokens,
      maxOutputTokens: maxOutputTokens && tokenCount('max_output_tokens', maxOutputTokens),
      contextLeftTokens: contextLeftTokens && tokenCount('context_left_tokens', contextLeftTokens),
    },
  };
}

async function inputOf({ tokens, model }: heidrun.PreAuthorizeRequest, counter: AsyncTokenCounter): Promise<Counted> {
  switch (tokens?.$case) {
    case 'inputTokens': {
      const input = reported(tokenCount('input_tokens', tokens.value));
      if (input.tokens === 0n) throw tokensRequired('input_tokens');
      return input;
    }
    case 'prompt': {
      if (tokens.value === '') throw tokensRequired('prompt');
      return countText(counter, model, tokens.value);
    }
    case 'messages':
      return countMessages(counter, model, tokens.value);
    default:
      throw tokensRequired('estimated_tokens');
  }
}

function tokensRequired(field: string): Error {
  return heidrunFaults.TOKENS_REQUIRED('there is nothing to hold money for', {
    violations: [{ field, description: 'must not be zero or empty' }],
  });
}
