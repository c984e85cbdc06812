import { createMemoryLogger } from '@edda/telemetry';
import { type AsyncTokenCounter, createTokenCounter } from '@edda/tokens';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startAnthropicServer } from '../../../test/support/anthropic-server.ts';
import { createAnthropicCounter } from './anthropic-counter.ts';
import { createRemoteCounts, type RemoteOutcome } from './remote-counts.ts';

const model = 'claude-sonnet-4-5';
const local = createTokenCounter();
const counter: AsyncTokenCounter = {
  countText: async (name, text) => local.countText(name, text),
  countMessages: async (name, messages) => local.countMessages(name, messages),
};
const messages = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'How are you today?', name: 'ann' },
  { role: 'assistant', content: '' },
  { role: 'tool', content: 'fine weather' },
];
const estimate = local.countMessages(model, messages);
const exact = { tokens: 7 + 8, method: 'EXACT', tokenizer: 'anthropic' };

describe('counting Claude’s tokens', () => {
  let server: Awaited<ReturnType<typeof startAnthropicServer>>;
  let log: ReturnType<typeof createMemoryLogger>;
  let outcomes: RemoteOutcome[];
  beforeEach(async () => {
    server = await startAnthropicServer();
    log = createMemoryLogger();
    outcomes = [];
  });
  afterEach(() => server.close());

  function open({ timeoutMs = 60_000, apiKey = server.key, url = server.url } = {}): AsyncTokenCounter {
    const settings = () => ({ url, timeoutMs });
    const remote = createRemoteCounts({ apiKey, settings, onOutcome: (outcome) => outcomes.push(outcome) });
    return createAnthropicCounter({ counter, remote, logger: log.logger });
  }

  it.each([model, `anthropic/${model}`])('takes the endpoint’s count of a conversation as EXACT: %s', async (name) => {
    expect(await open().countMessages(name, messages)).toEqual(exact);
    expect(server.bodies).toEqual([
      {
        model,
        system: 'Be brief.',
        messages: [
          { role: 'user', content: 'How are you today?' },
          { role: 'user', content: 'fine weather' },
        ],
      },
    ]);
    expect(outcomes).toEqual(['counted']);
  });

  it('counts a text alone by what it adds to a conversation, ESTIMATED', async () => {
    const counted = await open().countText(model, 'one two three');
    expect(counted).toEqual({ tokens: 3, method: 'ESTIMATED', tokenizer: 'anthropic' });
    expect(server.bodies.map(({ messages: sent }) => sent?.[0]?.content).sort()).toEqual(['a', 'one two three']);
  });

  it('asks once for what it is asked for at the same time, and again later', async () => {
    const counting = open();
    await Promise.all([counting.countMessages(model, messages), counting.countMessages(model, messages)]);
    expect(await counting.countMessages(model, messages)).toEqual(exact);
    expect(server.asked).toBe(1);
    expect(outcomes).toEqual(['counted', 'remembered']);
  });

  it('asks nobody about other models, nor about nothing', async () => {
    const counting = open();
    expect(await counting.countMessages('gpt-4o', messages)).toEqual(local.countMessages('gpt-4o', messages));
    expect(await counting.countText('my-claude-3', 'hello')).toMatchObject({ tokenizer: 'o200k_base' });
    expect(await counting.countText(model, ' \n')).toMatchObject({ method: 'ESTIMATED', tokenizer: 'o200k_base' });
    expect(await counting.countMessages(model, [])).toMatchObject({ tokenizer: 'o200k_base' });
    expect(server.asked).toBe(0);
  });

  it.each([
    ['a limited rate', [{ status: 429 }], 1],
    ['an error and another one', [{ status: 500 }, { status: 529 }], 2],
    ['a lost connection twice', ['drop', 'drop'], 2],
    ['a refused conversation', [{ status: 400 }], 1],
    ['a model it does not know', [{ status: 404 }], 1],
    ['garbage', [{ answer: '<html>' }, { answer: '{"input_tokens":"12"}' }], 2],
    ['a negative count', [{ answer: '{"input_tokens":-1}' }, { answer: '{"input_tokens":1.5}' }], 2],
    ['an answer without end', [{ answer: ' '.repeat(70_000) }, { answer: ' '.repeat(70_000) }], 2],
  ] as const)('estimates after %s', async (_, mishaps, asked) => {
    server.mishaps.push(...mishaps);
    const counting = open();
    expect(await counting.countMessages(model, messages)).toEqual(estimate);
    expect(server.asked).toBe(asked);
    expect(outcomes).toEqual(['failed']);
    expect(log.records).toMatchObject([{ model, msg: 'estimated: Anthropic did not count' }]);
    expect(log.text()).not.toMatch(/sk-ant|weather/);
    // What failed is not remembered.
    expect(await counting.countMessages(model, messages)).toEqual(exact);
  });

  it.each([[{ status: 503 }], ['drop'], [{ answer: '' }]] as const)('asks once more after %j', async (mishap) => {
    server.mishaps.push(mishap);
    expect(await open().countMessages(model, messages)).toEqual(exact);
    expect(server.asked).toBe(2);
  });

  it('estimates with a wrong key, and where nobody listens', async () => {
    expect(await open({ apiKey: 'sk-ant-other' }).countMessages(model, messages)).toEqual(estimate);
    expect(await open({ url: 'http://127.0.0.1:1' }).countMessages(model, messages)).toEqual(estimate);
    expect(outcomes).toEqual(['failed', 'failed']);
  });

  it('estimates when no answer comes in time', async () => {
    server.mishaps.push('hang');
    expect(await open({ timeoutMs: 20 }).countMessages(model, messages)).toEqual(estimate);
    expect(outcomes).toEqual(['failed']);
  });

  it('leaves an endpoint alone that failed five times in a row', async () => {
    const counting = open();
    server.mishaps.push(...Array.from({ length: 5 }, () => ({ status: 429 })));
    for (let i = 0; i < 6; i++) expect(await counting.countMessages(model, messages)).toEqual(estimate);
    expect(server.asked).toBe(5);
    expect(outcomes.at(-1)).toBe('held-back');
  });

  it('does not take a refused conversation for an endpoint that is down', async () => {
    const counting = open();
    server.mishaps.push(...Array.from({ length: 8 }, () => ({ status: 400 })));
    for (let i = 0; i < 8; i++) await counting.countMessages(model, messages);
    expect(await counting.countMessages(model, messages)).toEqual(exact);
  });

  it('asks for at most 16 counts at once and estimates the others', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    server.held = promise;
    const counting = open();
    const counted = Array.from({ length: 20 }, (_, i) =>
      counting.countMessages(model, [{ role: 'user', content: `text ${i}` }]),
    );
    const beyond = await Promise.all(counted.slice(16));
    expect(beyond.map(({ method }) => method)).toEqual(Array.from(beyond, () => 'ESTIMATED'));
    expect(outcomes).toEqual(Array.from(beyond, () => 'held-back'));
    await vi.waitFor(() => expect(server.open).toBe(16));
    resolve();
    const within = await Promise.all(counted.slice(0, 16));
    expect(within.map(({ method }) => method)).toEqual(Array.from(within, () => 'EXACT'));
  });
});
