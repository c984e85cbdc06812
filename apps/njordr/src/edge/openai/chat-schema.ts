import { z } from 'zod';

const text = z.object({ type: z.literal('text'), text: z.string() });
/** A text, nothing, or text parts; images and sound have no way through the market yet. */
const content = z.union([z.string(), z.null(), z.array(text)], {
  error: 'must be a text or a list of parts of type "text"',
});

const toolCall = z.object({
  id: z.string().min(1).max(128),
  type: z.literal('function').default('function'),
  function: z.object({ name: z.string().min(1).max(64), arguments: z.string() }),
});

const message = z.object({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']),
  content: content.optional(),
  name: z.string().min(1).max(64).nullish(),
  tool_call_id: z.string().min(1).max(128).nullish(),
  tool_calls: z.array(toolCall).max(128).nullish(),
});

const tool = z.object({
  type: z.literal('function'),
  function: z.object({
    name: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 of A-Z a-z 0-9 _ -'),
    description: z.string().max(4_096).nullish(),
    parameters: z.record(z.string(), z.unknown()).nullish(),
    strict: z.boolean().nullish(),
  }),
});

const toolChoice = z.union(
  [
    z.enum(['auto', 'none', 'required']),
    z.object({ type: z.literal('function'), function: z.object({ name: z.string().min(1).max(64) }) }),
  ],
  { error: 'must be "auto", "none", "required" or a function' },
);

const responseFormat = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({
    type: z.literal('json_schema'),
    json_schema: z.object({
      name: z.string().min(1).max(64),
      schema: z.record(z.string(), z.unknown()).nullish(),
      strict: z.boolean().nullish(),
    }),
  }),
]);

const stop = z.union([z.string().min(1).max(256), z.array(z.string().min(1).max(256)).max(16)], {
  error: 'must be a text or at most 16 texts of 1 to 256 characters',
});

const unsupported = (what: string) => z.literal(false, { error: `${what} are not available` }).nullish();

/** What a request may say about cost and providers; refused when misspelt, since money hangs on it. */
export const eddaFields = z.strictObject({
  max_cost_cents: z.int().min(0).max(1e15).optional().meta({ description: 'Most the request may cost, in cents.' }),
  timeout_ms: z.int().min(0).optional().meta({ description: 'Most time for the whole request, ms.' }),
  preferences: z
    .strictObject({
      min_quality: z.number().min(0).max(1).optional(),
      max_latency_ms: z.int().min(0).max(2_147_483_647).optional(),
      only_providers: z.array(z.string().min(1).max(64)).max(100).optional(),
      ignore_providers: z.array(z.string().min(1).max(64)).max(1_000).optional(),
      own_network_only: z.boolean().optional(),
      trusted_only: z.boolean().optional(),
    })
    .optional(),
});

export type EddaFields = z.output<typeof eddaFields>;

/** What chat and plain completions have in common. Fields of OpenAI's that mean nothing here are passed over. */
const common = {
  model: z.string().min(1).max(200),
  max_tokens: z.int().min(1).max(1e9).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  n: z.int().min(1).max(128).nullish().meta({ description: 'More than 1 is refused.' }),
  stop: stop.nullish(),
  seed: z.int().nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  edda: eddaFields.nullish(),
};

/** Body of POST /v1/chat/completions. */
export const chatSchema = z
  .object({
    ...common,
    messages: z.array(message).min(1, 'must not be empty').max(10_000),
    max_completion_tokens: z.int().min(1).max(1e9).nullish(),
    tools: z.array(tool).max(128).nullish(),
    tool_choice: toolChoice.nullish(),
    response_format: responseFormat.nullish(),
    logprobs: unsupported('log probabilities'),
  })
  .meta({
    example: {
      model: 'llama3.2',
      messages: [{ role: 'user', content: 'Why is the sky blue?' }],
      stream: false,
      edda: { max_cost_cents: 50 },
    },
  });

export type ChatBody = z.output<typeof chatSchema>;

/** Body of POST /v1/completions. */
export const completionSchema = z
  .object({
    ...common,
    prompt: z.union([z.string().min(1, 'must not be empty'), z.array(z.string().min(1)).length(1)], {
      error: 'must be one text that is not empty',
    }),
    echo: unsupported('echoes'),
    suffix: z.null({ error: 'suffixes are not available' }).optional(),
    logprobs: z.null({ error: 'log probabilities are not available' }).optional(),
  })
  .meta({ example: { model: 'llama3.2', prompt: 'Once upon a time', max_tokens: 50 } });

export type CompletionBody = z.output<typeof completionSchema>;
