import { createTokenCounter } from '@edda/tokens';
import { type AgentSettings } from '../settings.ts';
import { createBuiltinUpstream } from './builtin/builtin-upstream.ts';
import { loadCorpus } from './builtin/load-corpus.ts';
import { createOpenAiUpstream } from './openai/openai-upstream.ts';
import { type Upstream } from './upstream.ts';

/** The upstream the settings ask for. */
export async function createUpstream(
  settings: AgentSettings['upstream'],
  apiKey: string | undefined,
  random: () => number,
): Promise<Upstream> {
  if (settings.kind === 'openai') {
    const { baseUrl, continuation, firstTokenTimeoutMs, idleTimeoutMs } = settings.openai;
    return createOpenAiUpstream({
      baseUrl,
      continuation: settings.continues ? continuation : 'none',
      firstTokenTimeoutMs,
      idleTimeoutMs,
      ...(apiKey !== undefined && { apiKey }),
    });
  }
  const { model, quality, contextLength, tokensPerSecond, firstTokenDelayMs } = settings.builtin;
  const counter = createTokenCounter();
  counter.warm(model);
  return createBuiltinUpstream({
    corpus: await loadCorpus(),
    model,
    order: quality,
    contextTokens: contextLength,
    tokensPerSecond,
    firstTokenDelayMs,
    counter,
    random,
  });
}
