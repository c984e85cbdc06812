import { type Logger } from '@edda/telemetry';
import { type AsyncTokenCounter, type CountResult } from '@edda/tokens';
import { type CountRequest } from './count-endpoint.ts';
import { type RemoteCounts } from './remote-counts.ts';
import { anthropicName, toCountRequest } from './to-count-request.ts';

export interface AnthropicCounterOptions {
  /** Counts every other model, and these while the endpoint does not. */
  counter: AsyncTokenCounter;
  remote: RemoteCounts;
  logger: Logger;
}

const TOKENIZER = 'anthropic';
/** One token in every vocabulary: what is counted with it, less one, is what the format adds. */
const ONE_TOKEN = 'a';

/**
 * Counts Claude's conversations by Anthropic's own endpoint: EXACT. It knows conversations only, so a text alone is the
 * conversation it would be, less what the format adds: ESTIMATED. Whenever the endpoint fails, `counter` counts,
 * ESTIMATED; the caller never learns of it by an error.
 */
export function createAnthropicCounter({ counter, remote, logger }: AnthropicCounterOptions): AsyncTokenCounter {
  async function orElse(
    model: string,
    ask: () => Promise<CountResult | undefined>,
    fallback: () => Promise<CountResult>,
  ): Promise<CountResult> {
    try {
      return (await ask()) ?? (await fallback());
    } catch (err) {
      logger.warn({ err, model }, 'estimated: Anthropic did not count');
      return fallback();
    }
  }

  return {
    async countText(model, text) {
      const name = anthropicName(model);
      const alone = name === undefined ? undefined : toCountRequest(name, [{ role: 'user', content: text }]);
      const fallback = () => counter.countText(model, text);
      if (alone === undefined) return fallback();
      const ask = async (): Promise<CountResult> => {
        const least: CountRequest = { ...alone, messages: [{ role: 'user', content: ONE_TOKEN }] };
        const [whole, overhead] = await Promise.all([remote.count(alone), remote.count(least)]);
        return { tokens: Math.max(1, whole - overhead + 1), method: 'ESTIMATED', tokenizer: TOKENIZER };
      };
      return orElse(model, ask, fallback);
    },
    async countMessages(model, messages) {
      const name = anthropicName(model);
      const request = name === undefined ? undefined : toCountRequest(name, messages);
      const fallback = () => counter.countMessages(model, messages);
      if (request === undefined) return fallback();
      const ask = async (): Promise<CountResult> => ({
        tokens: await remote.count(request),
        method: 'EXACT',
        tokenizer: TOKENIZER,
      });
      return orElse(model, ask, fallback);
    },
  };
}
