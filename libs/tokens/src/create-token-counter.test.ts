import { describe, expect, it } from 'vitest';
import { createTokenCounter } from './index.ts';

const counter = createTokenCounter();
const text = 'Größenwahn und Straßenbahn 😀';

describe('the model table (Metering: model → tokenizer is explicit)', () => {
  it.each([
    ['builtin-ngram', 'o200k_base'],
    ['builtin-ngram-de', 'o200k_base'],
    ['gpt-4o', 'o200k_base'],
    ['gpt-4o-mini-2024-07-18', 'o200k_base'],
    ['gpt-4.1-nano', 'o200k_base'],
    ['gpt-5', 'o200k_base'],
    ['o1', 'o200k_base'],
    ['o3-mini', 'o200k_base'],
    ['o4-mini', 'o200k_base'],
    ['gpt-4', 'cl100k_base'],
    ['gpt-4-turbo', 'cl100k_base'],
    ['gpt-3.5-turbo', 'cl100k_base'],
    ['text-davinci-003', 'p50k_base'],
    ['davinci', 'r50k_base'],
    ['llama3', 'llama3'],
    ['llama3.2:3b', 'llama3'],
    ['llama-3.3-70b-versatile', 'llama3'],
    ['meta-llama/Llama-3.1-8B-Instruct', 'llama3'],
    ['qwen2.5-coder:7b', 'qwen2.5'],
    ['Qwen/Qwen2.5-7B-Instruct', 'qwen2.5'],
    ['qwen3:0.6b', 'qwen3'],
    ['mistral-nemo', 'tekken'],
    ['mistralai/Mistral-Nemo-Instruct-2407', 'tekken'],
    ['llama2:7b', 'llama2'],
    ['meta-llama/Llama-2-7b-chat-hf', 'llama2'],
    ['mixtral:8x7b', 'mistral-v1'],
    ['mistral', 'mistral-v3'],
    ['mistral-large-2407', 'mistral-v3'],
  ])('counts %s exactly with %s', (model, tokenizer) => {
    expect(counter.countText(model, text)).toMatchObject({ method: 'EXACT', tokenizer });
  });

  it.each([
    'llama-30b',
    'llama4',
    'llama2-uncensored',
    'codellama',
    'qwen3.5:9b',
    'mistral-small',
    'mistral-large-2411',
    'claude-x',
    'my-gpt-4o',
    'davinci-9',
    'constructor',
    '',
  ])('estimates the unknown model %j with the fallback', (model) => {
    expect(counter.countText(model, text)).toEqual({
      tokens: counter.countText('gpt-4o', text).tokens,
      method: 'ESTIMATED',
      tokenizer: 'o200k_base',
    });
  });

  it('takes more models and overrides by argument; a longer prefix wins', () => {
    const own = createTokenCounter({
      table: { 'acme-*': 'cl100k_base', 'acme-big-*': 'r50k_base', 'gpt-4o': 'p50k_base' },
    });
    expect(own.countText('acme-1', text)).toMatchObject({ method: 'EXACT', tokenizer: 'cl100k_base' });
    expect(own.countText('acme-big-1', text).tokenizer).toBe('r50k_base');
    expect(own.countText('gpt-4o', text).tokenizer).toBe('p50k_base');
    expect(own.countText('gpt-4o-mini', text).tokenizer).toBe('o200k_base');
  });

  it('refuses unknown encodings and calibrations out of bounds, naming the entries', () => {
    expect(() => createTokenCounter({ table: { 'acme-*': 'gpt9' } })).toThrow(
      expect.objectContaining({
        reason: 'INVALID_INPUT',
        violations: [expect.objectContaining({ field: 'table.acme-*' })],
      }),
    );
    for (const perMille of [0, 1.5, 10_001, Number.NaN]) {
      expect(() => createTokenCounter({ calibration: { m: perMille } })).toThrow(
        expect.objectContaining({ violations: [expect.objectContaining({ field: 'calibration.m' })] }),
      );
    }
  });
});

describe('calibration', () => {
  const calibrated = createTokenCounter({ calibration: { 'gemma*': 1_150, 'gpt-4o': 2_000 } });

  it('scales estimates per thousand, rounded up, in texts, chats and streams', () => {
    const plain = counter.countText('gemma-3', text).tokens;
    const stream = calibrated.stream('gemma-3');
    const scaled = Math.ceil((plain * 1_150) / 1_000);
    expect(calibrated.countText('gemma-3', text).tokens).toBe(scaled);
    expect(stream.push(text)).toBe(scaled);
    expect(stream.total().tokens).toBe(scaled);
    expect(scaled).toBeGreaterThan(plain);
  });

  it('never touches exact counts', () => {
    expect(calibrated.countText('gpt-4o', text)).toEqual(counter.countText('gpt-4o', text));
  });
});

describe('countMessages', () => {
  // The worked example of OpenAI's Cookbook: the API reported these numbers for these messages.
  const example = [
    {
      role: 'system',
      content: 'You are a helpful, pattern-following assistant that translates corporate jargon into plain English.',
    },
    { role: 'system', name: 'example_user', content: 'New synergies will help drive top-line growth.' },
    { role: 'system', name: 'example_assistant', content: 'Things working well together will increase revenue.' },
    {
      role: 'system',
      name: 'example_user',
      content: "Let's circle back when we have more bandwidth to touch base on opportunities for increased leverage.",
    },
    {
      role: 'system',
      name: 'example_assistant',
      content: "Let's talk later when we're less busy about how to do better.",
    },
    {
      role: 'user',
      content: "This late pivot means we don't have time to boil the ocean for the client deliverable.",
    },
  ];

  it.each([
    ['gpt-4', 129],
    ['gpt-3.5-turbo', 129],
    ['gpt-4o', 124],
  ])('agrees with the API’s published count for %s', (model, tokens) => {
    expect(counter.countMessages(model, example)).toMatchObject({ tokens, method: 'EXACT' });
  });

  it('counts what the format adds: 3 per message, 1 per name, 3 for the reply', () => {
    expect(counter.countMessages('gpt-4o', []).tokens).toBe(3);
    expect(counter.countMessages('gpt-4o', [{ role: 'user', content: '' }]).tokens).toBe(7);
    expect(counter.countMessages('gpt-4o', [{ role: 'user', content: '', name: 'bob' }]).tokens).toBe(9);
  });

  it('is an estimate if any message was capped', () => {
    const hostile = { role: 'user', content: 'x'.repeat(10_000) };
    expect(counter.countMessages('gpt-4o', [...example, hostile]).method).toBe('ESTIMATED');
  });
});

describe('warm', () => {
  it('can be called before and after counting without changing a count', () => {
    const fresh = createTokenCounter();
    fresh.warm('gpt-4');
    const first = fresh.countText('gpt-4', text);
    fresh.warm('gpt-4');
    expect(fresh.countText('gpt-4', text)).toEqual(first);
  });
});
