import { setTimeout as sleep } from 'node:timers/promises';
import { type FinishReason, type Upstream, type UpstreamEvent, type UpstreamJob } from '../upstream.ts';
import { UpstreamError } from '../upstream-error.ts';
import { type Adjacency, createAdjacency } from './adjacency.ts';
import { type NgramModel, trainNgramModel } from './ngram-model.ts';
import { createPacer } from './pacer.ts';
import { plainWord, splitText } from './split-text.ts';
import { createStopFilter } from './stop-filter.ts';
import { createTopicIndex, type TopicIndex } from './topic.ts';
import { writeUnits } from './write-units.ts';

/** What the model needs of a token counter; `@edda/tokens`' counter has this shape. */
export interface TokenCounting {
  countText(model: string, text: string): { tokens: number };
  countMessages(model: string, messages: readonly { role: string; content: string }[]): { tokens: number };
}

export interface BuiltinUpstreamOptions {
  corpus: string;
  /** The model's public name. */
  model: string;
  /** 2–5: how many units it looks at together; more is better. */
  order: number;
  contextTokens: number;
  /** Artificial speed; 0 is as fast as it can. */
  tokensPerSecond: number;
  /** Artificial wait before the first piece, milliseconds. */
  firstTokenDelayMs: number;
  counter: TokenCounting;
  /** In [0, 1); chooses a seed where the job names none. */
  random: () => number;
}

const DEFAULT_TEMPERATURE = 0.7;

/** A small real language model inside this process: no network, no download, the same everywhere. */
export function createBuiltinUpstream(options: BuiltinUpstreamOptions): Upstream {
  const model = trainNgramModel(splitText(options.corpus), options.order);
  const topics = createTopicIndex(model);
  const adjacency = createAdjacency(model);
  return {
    name: 'builtin',
    listModels: async () => [{ id: options.model, contextTokens: options.contextTokens }],
    generate: (job, signal) => generate({ ...options, ngram: model, topics, adjacency }, job, signal),
  };
}

type Prepared = BuiltinUpstreamOptions & { ngram: NgramModel; topics: TopicIndex; adjacency: Adjacency };

async function* generate(own: Prepared, job: UpstreamJob, signal: AbortSignal): AsyncGenerator<UpstreamEvent> {
  if (job.model !== own.model) throw new UpstreamError('FAULT', `there is no model ${job.model} here`);
  const inputTokens = own.counter.countMessages(own.model, job.messages).tokens;
  const givenTokens = own.counter.countText(own.model, job.continueFrom).tokens;
  const room = own.contextTokens - inputTokens - givenTokens;
  if (room <= 0)
    throw new UpstreamError('BAD_REQUEST', `the prompt exceeds the context of ${own.contextTokens} tokens`);

  const budget = Math.min(job.maxOutputTokens, room);
  const pacer = createPacer(own, signal, sleep);
  const stop = createStopFilter(job.stop);
  let answer = '';
  let used = 0;
  let finish: FinishReason = 'stop';
  for (const unit of unitsFor(own, job)) {
    // Each unit is counted alone: joined they are never more tokens, so the budget is a hard limit.
    const tokens = own.counter.countText(own.model, unit).tokens;
    if (used + tokens > budget) {
      finish = 'length';
      break;
    }
    await pacer.before(used);
    used += tokens;
    const { text, stopped } = stop.push(unit);
    answer += text;
    if (text !== '') yield { content: text };
    if (stopped) break;
  }
  const rest = stop.rest();
  answer += rest;
  if (rest !== '') yield { content: rest };
  const claimedOutputTokens = own.counter.countText(own.model, answer).tokens;
  yield { done: finish, claimedInputTokens: inputTokens + givenTokens, claimedOutputTokens };
}

function unitsFor(own: Prepared, job: UpstreamJob): Generator<string> {
  const prompt = job.messages.flatMap((message) => splitText(message.content).map(plainWord));
  return writeUnits(own.ngram, {
    adjacency: own.adjacency,
    weights: own.topics.weightsFor(prompt.filter((word) => word !== '')),
    temperature: job.temperature ?? DEFAULT_TEMPERATURE,
    topP: job.topP ?? 1,
    seed: Math.trunc(job.seed ?? own.random() * 2 ** 32),
    continueFrom: job.continueFrom,
  });
}
