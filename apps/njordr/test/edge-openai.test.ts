import { common, njordr } from '@edda/contracts';
import OpenAI, { APIError, NotFoundError } from 'openai';
import { describe, expect, it } from 'vitest';
import { njordrFaults } from '../src/faults.ts';
import { type Offer } from '../src/providers/provider-directory.ts';
import { accepted, chunk, playing, receipt, startEdge, type TestEdge, tokenFor } from './edge-fixture.ts';

const clientOf = async (edge: TestEdge, options: object = {}) =>
  new OpenAI({ baseURL: `${edge.url}/v1`, apiKey: await tokenFor('user'), ...options });

const messages = [{ role: 'user' as const, content: 'Hi' }];
const offer = (model: string, more: Partial<Offer> = {}): Partial<Offer> => ({
  model,
  networkId: 'net-2',
  sharing: 'public',
  trustedNetworkIds: new Set<string>(),
  available: true,
  contextLength: 8_192n,
  ...more,
});

describe('the official OpenAI client', () => {
  it('lists the models its user may use', async () => {
    const offers = [
      offer('public/model'),
      offer('own', { sharing: 'own-network', networkId: 'net-1', available: false }),
      offer('foreign', { sharing: 'own-network' }),
      offer('trusting', { sharing: 'trusted', trustedNetworkIds: new Set(['net-1']) }),
      offer('distrusting', { sharing: 'trusted' }),
    ];
    const client = await clientOf(await startEdge({ offers }));
    const { data } = await client.models.list();
    expect(data.map((model) => model.id)).toEqual(['own', 'public/model', 'trusting']);
    expect(data[0]).toMatchObject({ object: 'model', edda: { providers: 1, available_providers: 0 } });
    expect(await client.models.retrieve('public/model')).toMatchObject({ id: 'public/model' });
    await expect(client.models.retrieve('foreign')).rejects.toThrow(NotFoundError);
  });

  it('gets an answer in one piece', async () => {
    let seen: njordr.ExecuteRequestRequest | undefined;
    const edge = await startEdge({
      compute: {
        executeRequest: async function* (request) {
          seen = request;
          yield* [accepted(), chunk(1n, 'Hello'), chunk(2n, ' there'), receipt()];
        },
      },
    });
    const client = await clientOf(edge);
    const { data, response } = await client.chat.completions
      .create({
        model: 'm-1',
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
        ],
        max_completion_tokens: 20,
        temperature: 0.5,
        stop: 'END',
        seed: 3,
        response_format: { type: 'json_schema', json_schema: { name: 's', schema: { type: 'object' }, strict: true } },
        edda: { max_cost_cents: 9, preferences: { only_providers: ['prov-1'] } },
      } as OpenAI.ChatCompletionCreateParamsNonStreaming)
      .withResponse();
    expect(data).toMatchObject({
      object: 'chat.completion',
      model: 'm-1',
      choices: [{ index: 0, message: { role: 'assistant', content: 'Hello there' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 },
      edda: {
        request_id: 'req-1',
        transaction_id: 'tx-1',
        provider_id: 'prov-1',
        total_cost_cents: 4,
        status: 'COMPLETED',
      },
    });
    expect(data.id).toMatch(/^chatcmpl-/);
    expect(Math.abs(data.created - Date.now() / 1_000)).toBeLessThan(10);
    expect(response.headers.get('x-edda-total-cost-cents')).toBe('4');
    expect(response.headers.get('x-edda-transaction-id')).toBe('tx-1');
    expect(seen?.parameters).toEqual(
      njordr.ComputeParameters.fromPartial({
        model: 'm-1',
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: 'Hi' },
        ],
        maxOutputTokens: 20n,
        maxCostCents: 9n,
        temperature: 0.5,
        stop: ['END'],
        seed: 3n,
        preferences: { onlyProviders: ['prov-1'] },
        responseFormat: {
          kind: njordr.ResponseFormatKind.JSON_SCHEMA,
          schemaName: 's',
          jsonSchema: '{"type":"object"}',
          strict: true,
        },
      }),
    );
  });

  it('gets a stream, with usage where it asks for it', async () => {
    const edge = await startEdge({
      compute: { executeRequest: playing(accepted(), chunk(1n, 'Hello'), chunk(2n, ' there'), receipt()) },
    });
    const client = await clientOf(edge);
    const stream = await client.chat.completions.create({
      model: 'm-1',
      messages,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks: OpenAI.ChatCompletionChunk[] = [];
    for await (const part of stream) chunks.push(part);
    expect(chunks.map((part) => part.choices[0]?.delta.content ?? '').join('')).toBe('Hello there');
    expect(chunks[0]?.choices[0]?.delta.role).toBe('assistant');
    expect(chunks.at(-2)).toMatchObject({ choices: [{ finish_reason: 'stop' }], edda: { total_cost_cents: 4 } });
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 9 } });
    expect(new Set(chunks.map((part) => part.id)).size).toBe(1);
  });

  it('calls tools, streamed and not', async () => {
    const { FinishReason } = common;
    const delta = (index: number, more: Partial<njordr.ToolCallDelta>) =>
      njordr.ToolCallDelta.fromPartial({ index, ...more });
    const events = [
      accepted(),
      chunk(1n, '', { toolCalls: [delta(0, { id: 'c1', name: 'look' }), delta(1, { id: 'c2', name: 'go' })] }),
      chunk(2n, '', { toolCalls: [delta(0, { arguments: '{"a":' }), delta(1, { arguments: '{}' })] }),
      chunk(3n, '', { toolCalls: [delta(0, { arguments: '1}' })] }),
      receipt({ finishReason: FinishReason.TOOL_CALLS }),
    ];
    let seen: njordr.ExecuteRequestRequest | undefined;
    const edge = await startEdge({
      compute: {
        executeRequest: async function* (request) {
          seen = request;
          yield* events;
        },
      },
    });
    const client = await clientOf(edge);
    const asked = {
      model: 'm-1',
      messages: [
        ...messages,
        {
          role: 'assistant' as const,
          content: null,
          tool_calls: [{ id: 'c0', type: 'function' as const, function: { name: 'look', arguments: '{}' } }],
        },
        { role: 'tool' as const, tool_call_id: 'c0', content: 'seen' },
      ],
      tools: [{ type: 'function' as const, function: { name: 'look', parameters: { type: 'object' } } }],
      tool_choice: { type: 'function' as const, function: { name: 'look' } },
    };
    const whole = await client.chat.completions.create(asked);
    expect(whole.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        content: null,
        tool_calls: [
          { id: 'c1', type: 'function', function: { name: 'look', arguments: '{"a":1}' } },
          { id: 'c2', type: 'function', function: { name: 'go', arguments: '{}' } },
        ],
      },
    });
    expect(seen?.parameters).toMatchObject({
      toolChoice: 'look',
      tools: [{ name: 'look', parametersJson: '{"type":"object"}' }],
      messages: [{}, { content: '', toolCalls: [{ id: 'c0', name: 'look', arguments: '{}' }] }, { toolCallId: 'c0' }],
    });
    const final = await client.chat.completions.stream({ ...asked }).finalChatCompletion();
    expect(final.choices[0]?.message.tool_calls?.[0]).toMatchObject({ function: { arguments: '{"a":1}' } });
  });

  it('gets plain completions', async () => {
    const edge = await startEdge({
      compute: {
        executeRequest: playing(accepted(), chunk(1n, 'upon'), receipt({ finishReason: common.FinishReason.LENGTH })),
      },
    });
    const client = await clientOf(edge);
    const whole = await client.completions.create({ model: 'm-1', prompt: 'Once' });
    expect(whole).toMatchObject({ object: 'text_completion', choices: [{ text: 'upon', finish_reason: 'length' }] });
    expect(whole.id).toMatch(/^cmpl-/);
    let text = '';
    for await (const part of await client.completions.create({ model: 'm-1', prompt: 'Once', stream: true })) {
      text += part.choices[0]?.text ?? '';
    }
    expect(text).toBe('upon');
  });

  it('sees a failure in mid-stream as its own error, after the text that was delivered', async () => {
    const edge = await startEdge({
      compute: {
        executeRequest: async function* () {
          yield* [accepted(), chunk(1n, 'Hel')];
          throw njordrFaults.SETTLEMENT_DELAYED('Later.');
        },
      },
    });
    const client = await clientOf(edge);
    const stream = await client.chat.completions.create({ model: 'm-1', messages, stream: true });
    let text = '';
    const reading = (async () => {
      for await (const part of stream) text += part.choices[0]?.delta.content ?? '';
    })();
    await expect(reading).rejects.toMatchObject({ code: 'SETTLEMENT_DELAYED', type: 'server_error' });
    expect(text).toBe('Hel');
    const raw = await edge.call('POST', '/v1/chat/completions', { body: { model: 'm', messages, stream: true } });
    expect(raw.text).not.toContain('[DONE]');
  });

  it('domain.md, idempotency: a retry of its own runs under the first attempt’s key, so it is billed once', async () => {
    const keys: string[] = [];
    const edge = await startEdge({
      compute: {
        executeRequest: async function* (request) {
          keys.push(request.idempotencyKey);
          if (keys.length === 1) throw new Error('broken once');
          yield* [accepted(), chunk(1n, 'x'), receipt()];
        },
      },
    });
    const client = await clientOf(edge);
    await client.chat.completions.create({ model: 'm-1', messages });
    await client.chat.completions.create({ model: 'm-1', messages });
    expect(keys).toHaveLength(3);
    expect(keys[1]).toBe(keys[0]);
    expect(keys[2]).not.toBe(keys[0]);
    await client.chat.completions.create({ model: 'm-1', messages }, { headers: { 'idempotency-key': 'mine' } });
    expect(keys[3]).toBe('mine');
  });

  it('sees what fails before the first token as a status, also while streaming, and tries again', async () => {
    let calls = 0;
    const edge = await startEdge({
      compute: {
        executeRequest: async function* () {
          yield accepted();
          calls += 1;
          if (calls === 1) throw njordrFaults.PROVIDERS_FAILED('All of them.', { retryAfterMs: 10 });
          yield* [chunk(1n, 'x'), receipt()];
        },
      },
    });
    const client = await clientOf(edge);
    const stream = await client.chat.completions.create({ model: 'm-1', messages, stream: true });
    let text = '';
    for await (const part of stream) text += part.choices[0]?.delta.content ?? '';
    expect([calls, text]).toEqual([2, 'x']);
  });

  it('does not repeat what answers the same again', async () => {
    let calls = 0;
    const edge = await startEdge({ provider: {} });
    const client = await clientOf(edge);
    const counting = await startEdge({
      compute: {
        executeRequest: async function* () {
          calls += 1;
          yield* [accepted({ replayed: true }), receipt()];
        },
      },
    });
    await expect(client.chat.completions.create({ model: 'm', messages })).rejects.toThrow(APIError);
    const kept = await clientOf(counting);
    await expect(kept.chat.completions.create({ model: 'm', messages })).rejects.toMatchObject({
      code: 'ANSWER_NOT_KEPT',
    });
    expect(calls).toBe(1);
  });
});
