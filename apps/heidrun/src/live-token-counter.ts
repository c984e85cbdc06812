import { isDeepStrictEqual } from 'node:util';
import { type Settings } from '@edda/settings';
import { createTokenCounter, type TokenCounter } from '@edda/tokens';
import { type HeidrunSettings } from './settings.ts';

/**
 * A token counter that follows the settings. A stream that was begun is counted to its end as it began; figures of
 * holds are stored, and no later table changes them.
 */
export function liveTokenCounter(settings: Pick<Settings<HeidrunSettings>, 'current' | 'onChange'>): {
  counter: TokenCounter;
  close: () => void;
} {
  const make = ({ tokens: { table, calibration } }: HeidrunSettings) => createTokenCounter({ table, calibration });
  let present = make(settings.current());
  const close = settings.onChange((previous, next) => {
    const [before, after] = [previous.tokens, next.tokens];
    const same = isDeepStrictEqual([before.table, before.calibration], [after.table, after.calibration]);
    if (!same) present = make(next);
  });
  const counter: TokenCounter = {
    countText: (model, text) => present.countText(model, text),
    countMessages: (model, messages) => present.countMessages(model, messages),
    stream: (model) => present.stream(model),
    warm: (model) => present.warm(model),
  };
  return { counter, close };
}
