import OpenAI, { APIError } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestMarket, type TestMarket } from './market-setup.ts';

let open: TestMarket;
let client: OpenAI;

beforeAll(async () => {
  open = await openTestMarket();
  client = new OpenAI({ baseURL: `${open.market.httpUrl}/v1`, apiKey: open.token, maxRetries: 0 });
});
afterAll(() => open.close());

const messages = [{ role: 'user' as const, content: 'Tell me about the ravens.' }];

describe('the official OpenAI client, given only base URL and token', () => {
  it('lists the models on offer', async () => {
    const models = await Array.fromAsync(client.models.list());
    expect(models.map((model) => model.id)).toContain('builtin-ngram');
  });

  it('gets a whole answer with usage and the receipt', async () => {
    const answer = await client.chat.completions.create({ model: 'builtin-ngram', messages, max_tokens: 40 });
    expect(answer.choices[0]?.message.content).not.toBe('');
    expect(answer.usage?.completion_tokens).toBeGreaterThan(0);
    expect(answer.usage?.completion_tokens).toBeLessThanOrEqual(40);
    expect(answer).toMatchObject({
      object: 'chat.completion',
      edda: { status: 'COMPLETED', total_cost_cents: expect.any(Number) as number },
    });
  });

  it('gets a streamed answer that ends with a finish reason and usage', async () => {
    const stream = await client.chat.completions.create({
      model: 'builtin-ngram',
      messages,
      max_tokens: 40,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = await Array.fromAsync(stream);
    const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');
    expect(text.length).toBeGreaterThan(20);
    expect(chunks.flatMap((chunk) => chunk.choices[0]?.finish_reason ?? [])).toHaveLength(1);
    expect(chunks.at(-1)?.usage?.total_tokens).toBeGreaterThan(0);
  });

  it.each([
    ['an unknown model', { model: 'no-such-model', messages }, 404, 'MODEL_UNKNOWN'],
    ['no messages', { model: 'builtin-ngram', messages: [] }, 400, 'INVALID_INPUT'],
    ['two answers at once', { model: 'builtin-ngram', messages, n: 2 }, 400, 'MULTIPLE_ANSWERS_UNSUPPORTED'],
    ['a negative token limit', { model: 'builtin-ngram', messages, max_tokens: -1 }, 400, 'INVALID_INPUT'],
  ])('gets one clear error for %s', async (_, body, status, code) => {
    const error = await client.chat.completions.create(body).then(
      () => undefined,
      (caught: unknown) => caught,
    );
    expect(error).toBeInstanceOf(APIError);
    expect(error).toMatchObject({ status, code });
  });
});
