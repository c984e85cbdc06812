import { z } from 'zod';
import { text } from '../text-field.ts';

/** Bounds of the contract, compute.proto. */
const roles = ['system', 'developer', 'user', 'assistant', 'tool'];
const id = text(1, 128);

const toolCall = z.object({ id: z.string().max(128), name: z.string().max(64), arguments: z.string() });
const message = z.object({
  role: z.enum(roles, { error: `must be one of ${roles.join(', ')}` }),
  content: z.string(),
  name: z.string().min(1).max(64).optional(),
  toolCallId: z.string().min(1).max(128).optional(),
  toolCalls: z.array(toolCall).max(128),
});
const saysSomething = ({ content, toolCalls }: z.output<typeof message>): boolean =>
  content !== '' || toolCalls.length > 0;
const preferences = z.object({
  minQuality: z.number().min(0).max(1),
  maxLatencyMs: z.int().min(0),
  onlyProviders: z.array(id).max(100),
  ignoreProviders: z.array(id).max(1_000),
  ownNetworkOnly: z.boolean(),
  trustedOnly: z.boolean(),
});
const tool = z.object({
  name: z.string().regex(/^[\w-]{1,64}$/, 'must be 1 to 64 characters of A-Z, a-z, 0-9, _ and -'),
  description: z.string().max(4_096),
  parametersJson: z.string().max(65_536),
  strict: z.boolean(),
});
const responseFormat = z.object({
  kind: z.int().min(0).max(3),
  jsonSchema: z.string().max(65_536),
  schemaName: z.string().max(64),
  strict: z.boolean(),
});
const penalty = z.number().min(-2).max(2).optional();

/** What ComputeParameters may contain, for gRPC and HTTP alike; `n` and sizes set by the operator are checked apart. */
export const computeSchema = z.object({
  parameters: z
    .object({
      model: z.string().min(1).max(200),
      messages: z.array(message).max(10_000),
      prompt: z.string(),
      maxOutputTokens: z.bigint().min(1n).max(1_000_000_000n).optional(),
      maxCostCents: z
        .bigint()
        .min(0n)
        .max(10n ** 15n)
        .optional(),
      preferences: preferences.optional(),
      temperature: z.number().min(0).max(2).optional(),
      topP: z.number().gt(0).max(1).optional(),
      stop: z.array(z.string().min(1).max(256)).max(16),
      seed: z.bigint().optional(),
      n: z.int().min(0),
      responseFormat: responseFormat.optional(),
      tools: z.array(tool).max(128),
      toolChoice: z.string().max(64),
      frequencyPenalty: penalty,
      presencePenalty: penalty,
      timeoutMs: z.bigint().min(0n),
    })
    .refine(({ messages, prompt }) => messages.length > 0 !== (prompt !== ''), {
      path: ['messages'],
      error: 'exactly one of messages and prompt must be given, and not empty',
    })
    .refine(({ messages }) => messages.length === 0 || messages.some(saysSomething), {
      path: ['messages'],
      error: 'must have a message with content',
    }),
});

/** An idempotency key as every mutation takes it; empty for none. */
export const keySchema = z.object({ idempotencyKey: text(0, 128) });
