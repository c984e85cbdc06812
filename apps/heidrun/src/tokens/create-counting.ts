import { type ServiceBase } from '@edda/service-kit';
import { type Settings } from '@edda/settings';
import { createCounterPool, type AsyncTokenCounter } from '@edda/tokens';
import { liveTokenCounter } from '../live-token-counter.ts';
import { type HeidrunSecrets } from '../secrets.ts';
import { type HeidrunSettings } from '../settings.ts';
import { createAnthropicCounter } from './anthropic/anthropic-counter.ts';
import { createRemoteCounts } from './anthropic/remote-counts.ts';

/** Whatever counts tokens for the service: in place, in threads, or at Anthropic where there is a key for it. */
export function createCounting(
  base: ServiceBase,
  settings: Settings<HeidrunSettings>,
  { ANTHROPIC_API_KEY: apiKey }: HeidrunSecrets,
): AsyncTokenCounter {
  const live = liveTokenCounter(settings);
  base.onClose('token counter', live.close);
  const options = () => {
    const { table, calibration } = settings.current().tokens;
    return { table, calibration };
  };
  const pool = createCounterPool({ counter: live.counter, options });
  base.onClose('counting threads', () => pool.close());
  if (apiKey === undefined || apiKey === '') return pool;
  const counts = base.metrics.counter({
    name: 'edda_heidrun_anthropic_counts_total',
    help: 'Counts asked of Anthropic; failed and held-back ones were estimated.',
    labelNames: ['outcome'],
  });
  const remote = createRemoteCounts({
    apiKey,
    settings: () => settings.current().tokens.anthropic,
    onOutcome: (outcome) => counts.inc({ outcome }),
  });
  return createAnthropicCounter({ counter: pool, remote, logger: base.logger.module('tokens') });
}
