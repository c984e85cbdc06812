import { common, heidrun } from '@edda/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fixture, startPayments } from '../../test/payments-fixture.ts';

const { TokenMethod } = common;
let f: Fixture;

beforeAll(async () => {
  f = await startPayments();
});
afterAll(() => f.close());

const model = 'gpt-4o';
type Request = Parameters<typeof heidrun.CountTokensRequest.fromPartial>[0];
const count = (request: Request) =>
  f.tokens('anna').countTokens(heidrun.CountTokensRequest.fromPartial({ model, ...request }));

/** Letters in no order at all, the same in every run. */
function randomLetters(length: number): string {
  let state = 7;
  const letters = Array.from({ length }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return String.fromCharCode(97 + (Math.floor(state / 65_536) % 26));
  });
  return letters.join('');
}

describe('CountTokens', () => {
  it('counts text exactly where the tokenizer is known, and labels the fallback', async () => {
    const text = { $case: 'inputText', value: 'hello world' } as const;
    const output = { $case: 'outputText', value: 'hello' } as const;
    expect(await count({ input: text, output })).toEqual({
      totalTokens: 3n,
      inputTokens: 2n,
      outputTokens: 1n,
      method: TokenMethod.EXACT,
      tokenizer: 'o200k_base',
    });
    expect((await count({ model: 'somebody/s-model', input: text })).method).toBe(TokenMethod.ESTIMATED);
  });

  it('counts chat messages with the overhead of the chat format', async () => {
    const messages = [{ role: 'user', content: 'hello world' }];
    // 3 for the message, 1 for its role, 2 for its text, 3 for the reply.
    const { inputTokens } = await count({ input: { $case: 'inputMessages', value: { messages } } });
    expect(inputTokens).toBe(9n);
  });

  it.each([
    ['80 KB of random letters', randomLetters(80_000)],
    ['1 MB of one character', 'a'.repeat(1_000_000)],
    ['500,000 lone surrogates', '\ud800'.repeat(500_000)],
    ['500,000 control characters', '\u0001\u001b'.repeat(250_000)],
  ])('estimates %s', async (_, value) => {
    const counted = await count({ input: { $case: 'inputText', value } });
    expect(counted.method).toBe(TokenMethod.ESTIMATED);
    expect(counted.totalTokens).toBeGreaterThan(0n);
  });

  it('answers other calls while it counts a huge text', async () => {
    // What is sent first and counted in the calling thread would be answered first.
    const order: string[] = [];
    const text = (value: string) => ({ input: { $case: 'inputText', value } }) as const;
    const client = f.tokens('anna');
    const ask = (name: string, value: string) =>
      client
        .countTokens(heidrun.CountTokensRequest.fromPartial({ model, ...text(value) }))
        .finally(() => order.push(name));
    const huge = ask('huge', randomLetters(1_000_000));
    const others = Array.from({ length: 5 }, () => ask('other', 'hello'));
    expect((await huge).totalTokens).toBeGreaterThan(200_000n);
    await Promise.all(others);
    expect(order).toEqual(['other', 'other', 'other', 'other', 'other', 'huge']);
  });

  it('takes over counts as REPORTED, which is the weakest method', async () => {
    const input = { $case: 'inputTokens', value: 10n ** 12n } as const;
    const both = await count({ input, output: { $case: 'outputTokens', value: 10n ** 12n } });
    expect(both).toMatchObject({ totalTokens: 2n * 10n ** 12n, method: TokenMethod.REPORTED, tokenizer: '' });
    const mixed = await count({ input, output: { $case: 'outputText', value: 'hello' } });
    expect(mixed).toMatchObject({ method: TokenMethod.REPORTED, tokenizer: 'o200k_base' });
  });

  it('counts what is left out as 0', async () => {
    expect(await count({})).toMatchObject({ totalTokens: 0n, inputTokens: 0n, outputTokens: 0n });
  });

  it.each([-1n, 10n ** 12n + 1n, 2n ** 63n - 1n, -(2n ** 63n)])('refuses a count of %s', async (value) => {
    await expect(count({ input: { $case: 'inputTokens', value } })).rejects.toMatchObject({
      reason: 'TOKEN_COUNT_OUT_OF_RANGE',
      violations: [{ field: 'input_tokens' }],
    });
    await expect(count({ output: { $case: 'outputTokens', value } })).rejects.toMatchObject({
      violations: [{ field: 'output_tokens' }],
    });
  });

  it.each([
    ['no model', { model: '' }, 'model'],
    ['a long model', { model: 'm'.repeat(201) }, 'model'],
    ['no messages', { input: { $case: 'inputMessages', value: { messages: [] } } }, 'input_messages.messages'],
  ] satisfies [string, Request, string][])('refuses %s', async (_, request, field) => {
    await expect(count(request)).rejects.toMatchObject({ reason: 'INVALID_INPUT', violations: [{ field }] });
  });

  it('writes one line per calculation, with the request it belongs to and without any text', async () => {
    await count({ requestId: 'request-7', providerId: 'p', input: { $case: 'inputText', value: 'my secret words' } });
    const lines = f.log.records.filter((record) => record['request_id'] === 'request-7');
    expect(lines).toMatchObject([
      { module: 'tokens', model, provider_id: 'p', input_tokens: 3, output_tokens: 0, counting: 'EXACT' },
    ]);
    expect(f.log.text()).not.toContain('secret words');
  });
});
