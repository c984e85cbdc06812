import { describe, expect, it } from 'vitest';
import { collect } from '../../../test/collect.ts';
import { type UpstreamDone, type UpstreamEvent, type UpstreamJob } from '../upstream.ts';
import { type BuiltinUpstreamOptions, createBuiltinUpstream, type TokenCounting } from './builtin-upstream.ts';
import { loadCorpus } from './load-corpus.ts';

/** One token per unit of letters or per mark: close enough for rules about budgets. */
const counter: TokenCounting = {
  countText: (_, text) => ({ tokens: text.match(/ ?\w+| ?[^\w\s]|\s+/g)?.length ?? 0 }),
  countMessages: (model, messages) => ({
    tokens: messages.reduce((sum, message) => sum + counter.countText(model, message.content).tokens + 4, 3),
  }),
};
const corpus = await loadCorpus();
const never = new AbortController().signal;

function builtin(changed: Partial<BuiltinUpstreamOptions> = {}) {
  return createBuiltinUpstream({
    corpus,
    model: 'builtin-ngram',
    order: 4,
    contextTokens: 8192,
    tokensPerSecond: 0,
    firstTokenDelayMs: 0,
    counter,
    random: () => 0.5,
    ...changed,
  });
}
const upstream = builtin();

const ask = (content: string, changed: Partial<UpstreamJob> = {}): UpstreamJob => ({
  model: 'builtin-ngram',
  messages: [{ role: 'user', content }],
  maxOutputTokens: 80,
  seed: 7,
  stop: [],
  continueFrom: '',
  ...changed,
});

async function run(job: UpstreamJob, from = upstream): Promise<{ text: string; done: UpstreamDone }> {
  const events: UpstreamEvent[] = await collect(from.generate(job, never));
  const done = events.pop() as UpstreamDone;
  return { text: events.map((event) => ('content' in event ? event.content : '')).join(''), done };
}

describe('the builtin model', () => {
  it('is trained in less than a second', () => {
    // Processor time: what else the machine does must not count.
    const start = process.threadCpuUsage();
    builtin({ order: 5 });
    expect(process.threadCpuUsage(start).user).toBeLessThan(1_000_000);
  });

  it('writes the same for the same seed, something else for another', async () => {
    const { text } = await run(ask('Tell me a story.'));
    expect(text.length).toBeGreaterThan(20);
    expect((await run(ask('Tell me a story.'))).text).toBe(text);
    expect((await run(ask('Tell me a story.', { seed: 8 }))).text).not.toBe(text);
  });

  it('is led by the words of the prompt', async () => {
    const count = async (prompt: string, word: RegExp) => {
      const texts = await Promise.all([...Array(20).keys()].map((seed) => run(ask(prompt, { seed }))));
      return texts.filter(({ text }) => word.test(text)).length;
    };
    const rabbit = await count('What did Alice think of the White Rabbit?', /Alice|Rabbit/);
    const ash = await count('Describe the ash Ygdrasil and its roots.', /Alice|Rabbit/);
    expect(rabbit).toBeGreaterThan(ash + 5);
  });

  it('writes words the text has, in sequences it does not have', async () => {
    const { text } = await run(ask('sea and ship', { maxOutputTokens: 200 }));
    const known = new Set(corpus.match(/[\w'’-]+/g));
    for (const word of text.match(/[\w'’-]+/g) ?? []) expect(known).toContain(word);
    expect(corpus).not.toContain(text);
  });

  it('puts a blank before every word in mid-line', async () => {
    for (let seed = 0; seed < 10; seed++) {
      const { text } = await run(ask('What is freedom?', { seed, maxOutputTokens: 300 }), builtin({ order: 2 }));
      expect(text).not.toMatch(/\p{Ll}\p{Lu}|\n /u);
    }
  });

  it('never exceeds max_output_tokens and says `length` when they ran out', async () => {
    for (const maxOutputTokens of [1, 2, 7, 30]) {
      const { text, done } = await run(ask('Go on.', { maxOutputTokens }));
      expect(counter.countText('', text).tokens).toBeLessThanOrEqual(maxOutputTokens);
      expect(done.done).toBe('length');
      expect(done.claimedOutputTokens).toBe(counter.countText('', text).tokens);
    }
  });

  it('ends by itself at a paragraph when there is room', async () => {
    expect((await run(ask('Hello', { maxOutputTokens: 8000 }))).done.done).toBe('stop');
  });

  it('stops before a stop text, also one that spans several words', async () => {
    const { text } = await run(ask('Tell me a story.'));
    const stop = text.slice(30, 45);
    const stopped = await run(ask('Tell me a story.', { stop: ['never there', stop] }));
    expect(stopped.text).toBe(text.slice(0, text.indexOf(stop)));
    expect(stopped.done.done).toBe('stop');
  });

  it('continues a given beginning exactly as it would have gone on, even from the middle of a word', async () => {
    const { text } = await run(ask('Tell me a story.', { maxOutputTokens: 60 }));
    const between = text.indexOf(' ', 40);
    const rest = await run(ask('Tell me a story.', { continueFrom: text.slice(0, between), maxOutputTokens: 20 }));
    expect(text.slice(between).startsWith(rest.text)).toBe(true);
    expect(rest.text.length).toBeGreaterThan(10);
    const broken = await run(ask('a castle', { continueFrom: 'Close by the King’s castl', temperature: 0 }));
    expect(broken.text).toMatch(/^e/);
  });

  it('takes the likeliest unit at temperature 0, whatever the seed', async () => {
    const { text } = await run(ask('Hello', { temperature: 0, seed: 1 }));
    expect((await run(ask('Hello', { temperature: 0, seed: 2 }))).text.slice(0, 60)).toBe(text.slice(0, 60));
  });

  it('refuses a prompt longer than its context, and a model it is not', async () => {
    const small = builtin({ contextTokens: 20 });
    await expect(run(ask('word '.repeat(30)), small)).rejects.toMatchObject({ kind: 'BAD_REQUEST' });
    await expect(run(ask('Hello', { model: 'gpt-4o' }))).rejects.toMatchObject({ kind: 'FAULT' });
  });

  it('keeps to an artificial speed', async () => {
    const slow = builtin({ tokensPerSecond: 100, firstTokenDelayMs: 50 });
    const start = performance.now();
    await run(ask('Hello', { maxOutputTokens: 10 }), slow);
    expect(performance.now() - start).toBeGreaterThan(120);
  });

  it('ends at once when the job is cancelled', async () => {
    const slow = builtin({ firstTokenDelayMs: 60_000 });
    const failing = collect(slow.generate(ask('Hello'), AbortSignal.timeout(20)));
    await expect(failing).rejects.toMatchObject({ kind: 'CANCELLED' });
  });
});
