import { z } from 'zod';

const usage = z.object({ prompt_tokens: z.int(), completion_tokens: z.int(), total_tokens: z.int() });
const finishReason = z.enum(['stop', 'length', 'tool_calls', 'content_filter']);

const edda = z.object({
  request_id: z.string(),
  transaction_id: z.string(),
  status: z.string(),
  finish_reason: z.string().meta({ description: 'How it really ended, e.g. PROVIDER_FAILED.' }),
  provider_id: z.string(),
  provider_ids: z.array(z.string()),
  input_tokens: z.int(),
  output_tokens: z.int(),
  total_cost_cents: z.int(),
  provider_earnings_cents: z.int(),
  company_fee_cents: z.int(),
  released_cents: z.int(),
  cost_limited: z.boolean(),
  token_method: z.string(),
  replayed: z.boolean(),
});

const toolCall = z.object({
  id: z.string(),
  type: z.literal('function'),
  function: z.object({ name: z.string(), arguments: z.string() }),
});

const head = { id: z.string(), created: z.int().meta({ description: 'Unix seconds.' }), model: z.string() };

/** Answer of POST /v1/chat/completions. */
export const chatAnswerSchema = z.object({
  ...head,
  object: z.literal('chat.completion'),
  choices: z.array(
    z.object({
      index: z.int(),
      message: z.object({
        role: z.literal('assistant'),
        content: z.string().nullable(),
        refusal: z.null(),
        reasoning_content: z.string().optional(),
        tool_calls: z.array(toolCall).optional(),
      }),
      logprobs: z.null(),
      finish_reason: finishReason,
    }),
  ),
  usage,
  edda,
});

/** Answer of POST /v1/completions. */
export const completionAnswerSchema = z.object({
  ...head,
  object: z.literal('text_completion'),
  choices: z.array(z.object({ text: z.string(), index: z.int(), logprobs: z.null(), finish_reason: finishReason })),
  usage,
  edda,
});

/** One of GET /v1/models. */
export const modelSchema = z.object({
  id: z.string(),
  object: z.literal('model'),
  created: z.int().meta({ description: 'Unix seconds; when this instance started, as models come and go.' }),
  owned_by: z.string(),
  edda: z.object({
    providers: z.int().meta({ description: 'Listed providers that the caller may use.' }),
    available_providers: z.int(),
    max_context_length: z.int().meta({ description: 'Tokens.' }),
  }),
});

export const modelListSchema = z.object({ object: z.literal('list'), data: z.array(modelSchema) });
