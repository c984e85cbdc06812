import { afterEach, describe, expect, it } from 'vitest';
import { collect } from '../../../test/collect.ts';
import { chunk, type FakeOpenAiServer, startFakeOpenAiServer, streamed } from '../../../test/fake-openai-server.ts';
import { type UpstreamEvent, type UpstreamJob } from '../upstream.ts';
import { createOpenAiUpstream, type OpenAiUpstreamOptions } from './openai-upstream.ts';

let server: FakeOpenAiServer | undefined;
afterEach(() => server?.close());

const never = new AbortController().signal;
const job: UpstreamJob = {
  model: 'm',
  messages: [{ role: 'user', content: 'Hi' }],
  maxOutputTokens: 16,
  stop: [],
  continueFrom: '',
};

async function answerOf(
  chat: Parameters<typeof startFakeOpenAiServer>[0]['chat'],
  options: Partial<OpenAiUpstreamOptions> = {},
  changed: Partial<UpstreamJob> = {},
  signal = never,
): Promise<UpstreamEvent[]> {
  server = await startFakeOpenAiServer({ ...(chat && { chat }) });
  const upstream = createOpenAiUpstream({ baseUrl: server.url, ...options });
  return collect(upstream.generate({ ...job, ...changed }, signal));
}

describe('generate', () => {
  it('streams pieces and ends with the finish reason and the claimed counts', async () => {
    const usage = { choices: [], usage: { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 } };
    const events = [chunk({ role: 'assistant', content: '' }), chunk({ content: 'Odin' }), ': ping\n\n'];
    const answer = await answerOf(streamed([...events, chunk({ content: ' sees' }, 'stop'), usage]));
    expect(answer).toEqual([
      { content: 'Odin' },
      { content: ' sees' },
      { done: 'stop', claimedInputTokens: 9, claimedOutputTokens: 2 },
    ]);
  });

  it('puts a character together that the server split between two pieces', async () => {
    const answer = await answerOf(
      streamed([chunk({ content: 'hi \ud83d' }), chunk({ content: '\ude00!' }), chunk({}, 'stop')]),
    );
    expect(answer).toEqual([{ content: 'hi ' }, { content: '\u{1f600}!' }, { done: 'stop' }]);
  });

  it.each([
    ['lines that are no events', 'garbage\n\nmore garbage\n\n', 'TRANSIENT'],
    ['data that is not JSON', 'data: <html>\n\n', 'FAULT'],
    ['JSON of another shape', 'data: [1, 2]\n\n', 'FAULT'],
    ['bytes that are no UTF-8', Buffer.from([0x64, 0x61, 0x74, 0x61, 0x3a, 0xff, 0xfe, 0x0a, 0x0a]), 'FAULT'],
  ])('judges a server that sends %s', async (_, body, kind) => {
    const answering = answerOf((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(body);
    });
    await expect(answering).rejects.toMatchObject({ kind });
  });

  it('asks for a stream with usage, and sends only the options the job names', async () => {
    await answerOf(
      streamed([chunk({ content: 'x' }, 'stop')]),
      { apiKey: 'k' },
      { temperature: 0, stop: ['\n'], seed: 7 },
    );
    expect(server?.bodies[0]).toEqual({
      model: 'm',
      messages: [{ role: 'user', content: 'Hi' }],
      stream: true,
      stream_options: { include_usage: true },
      max_tokens: 16,
      temperature: 0,
      seed: 7,
      stop: ['\n'],
    });
    expect(server?.headers[0]?.authorization).toBe('Bearer k');
  });

  it('continues a given beginning by a trailing assistant message, told to vLLM explicitly', async () => {
    await answerOf(streamed([chunk({ content: 'x' }, 'stop')]), { continuation: 'vllm' }, { continueFrom: 'Once' });
    expect(server?.bodies[0]).toMatchObject({
      messages: [
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'Once' },
      ],
      continue_final_message: true,
      add_generation_prompt: false,
    });
  });

  it('passes tools, their choice and the response format on', async () => {
    const tools = [{ name: 'f', description: 'd', parametersJson: '{"type":"object"}', strict: false }];
    const responseFormat = { kind: 'json_schema', name: '', schemaJson: '{"type":"string"}', strict: true } as const;
    await answerOf(streamed([chunk({}, 'tool_calls')]), {}, { tools, toolChoice: 'f', responseFormat });
    expect(server?.bodies[0]).toMatchObject({
      tools: [{ type: 'function', function: { name: 'f', description: 'd', parameters: { type: 'object' } } }],
      tool_choice: { type: 'function', function: { name: 'f' } },
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'answer', schema: { type: 'string' }, strict: true },
      },
    });
  });

  it('reads an answer from a server that does not stream', async () => {
    const whole = { choices: [{ message: { role: 'assistant', content: 'All at once' }, finish_reason: 'stop' }] };
    const answer = await answerOf((response) => {
      response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(whole));
    });
    expect(answer).toEqual([{ content: 'All at once' }, { done: 'stop' }]);
  });

  it('accepts a stream without [DONE] when the answer had finished', async () => {
    expect(await answerOf(streamed([chunk({ content: 'a' }, 'length')], ''))).toEqual([
      { content: 'a' },
      { done: 'length' },
    ]);
  });

  it('calls a stream that ends before the answer TRANSIENT, whether it ends cleanly or breaks', async () => {
    await expect(answerOf(streamed([chunk({ content: 'a' })], ''))).rejects.toMatchObject({ kind: 'TRANSIENT' });
    await server?.close();
    const broken = answerOf((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`data: ${JSON.stringify(chunk({ content: 'a' }))}\n\n`, () => response.destroy());
    });
    await expect(broken).rejects.toMatchObject({ kind: 'TRANSIENT' });
  });

  it('reports an error object in the middle of a stream', async () => {
    const failing = answerOf(streamed([chunk({ content: 'a' }), { error: { message: 'slot lost', code: 500 } }]));
    await expect(failing).rejects.toMatchObject({ kind: 'TRANSIENT', message: 'the upstream failed: slot lost' });
  });

  it.each([
    [429, 'NO_CAPACITY'],
    [503, 'NO_CAPACITY'],
    [400, 'BAD_REQUEST'],
    [401, 'FAULT'],
    [404, 'FAULT'],
    [500, 'TRANSIENT'],
    [502, 'TRANSIENT'],
  ])('an answer %i is %s', async (status, kind) => {
    const failing = answerOf((response) => void response.writeHead(status).end('{"error":{"message":"no"}}'));
    await expect(failing).rejects.toMatchObject({ kind, message: `the upstream answered ${status}: no` });
  });

  it('calls a server that is not there TRANSIENT', async () => {
    const upstream = createOpenAiUpstream({ baseUrl: 'http://127.0.0.1:1' });
    await expect(collect(upstream.generate(job, never))).rejects.toMatchObject({ kind: 'TRANSIENT' });
  });

  it('gives up when the first word does not come, keep-alives and role chunks notwithstanding', async () => {
    const silent = answerOf(
      (response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(`data: ${JSON.stringify(chunk({ role: 'assistant' }))}\n\n: wait\n\n`);
      },
      { firstTokenTimeoutMs: 50 },
    );
    await expect(silent).rejects.toMatchObject({ kind: 'TRANSIENT', message: 'no first piece within 50 ms' });
    await server?.hungUp;
  });

  it('gives up when the stream falls silent', async () => {
    const stalled = answerOf(
      (response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(`data: ${JSON.stringify(chunk({ content: 'a' }))}\n\n`);
      },
      { idleTimeoutMs: 50 },
    );
    await expect(stalled).rejects.toMatchObject({ kind: 'TRANSIENT', message: 'no further piece within 50 ms' });
  });

  it('does not blame the upstream for a receiver that reads slowly', async () => {
    server = await startFakeOpenAiServer({
      chat: streamed([chunk({ content: 'a' }), chunk({ content: 'b' }, 'stop')]),
    });
    const upstream = createOpenAiUpstream({ baseUrl: server.url, idleTimeoutMs: 30 });
    const seen: UpstreamEvent[] = [];
    for await (const event of upstream.generate(job, never)) {
      seen.push(event);
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    expect(seen).toEqual([{ content: 'a' }, { content: 'b' }, { done: 'stop' }]);
  });

  it('hangs up on the server as soon as the job is cancelled', async () => {
    const controller = new AbortController();
    const cancelled = answerOf(
      (response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(`data: ${JSON.stringify(chunk({ content: 'a' }))}\n\n`, () => controller.abort());
      },
      {},
      {},
      controller.signal,
    );
    await expect(cancelled).rejects.toMatchObject({ kind: 'CANCELLED' });
    await server?.hungUp;
  });

  it('bounds a line that never ends', async () => {
    const endless = answerOf(
      (response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write('data: ' + 'x'.repeat(5000));
      },
      { maxEventChars: 1000 },
    );
    await expect(endless).rejects.toMatchObject({ kind: 'FAULT' });
  });
});

describe('listModels', () => {
  it('reads the context length where each server puts it', async () => {
    const data = [
      { id: 'qwen', max_model_len: 32768 },
      { id: 'llama', meta: { n_ctx_train: 131072 } },
      { id: 'ollama', object: 'model' },
      { id: '' },
      { name: 'no id' },
    ];
    server = await startFakeOpenAiServer({ models: { object: 'list', data } });
    const models = await createOpenAiUpstream({ baseUrl: `${server.url}/v1/` }).listModels(never);
    expect(models).toEqual([
      { id: 'qwen', contextTokens: 32768 },
      { id: 'llama', contextTokens: 131072 },
      { id: 'ollama' },
    ]);
  });

  it('calls another shape a FAULT', async () => {
    server = await startFakeOpenAiServer({ models: [] });
    await expect(createOpenAiUpstream({ baseUrl: server.url }).listModels(never)).rejects.toMatchObject({
      kind: 'FAULT',
    });
  });
});
