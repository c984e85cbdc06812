import { type TokenCounter } from '@edda/tokens';

/** The running count is at most a few tokens below the exact one. */
const RUNNING_COUNT_SLACK = 8;

/** Counts what is delivered and cuts it at the budget, so that nothing beyond the hold reaches the requester. */
export interface OutputMeter {
  /** The part of the text that may still be delivered. */
  take(text: string): string;
  /** Whether something was cut off: the stream must stop. */
  readonly full: boolean;
  /** Tokens of all that was let through. */
  total(): { tokens: number; exact: boolean };
}

/** @param budgetTokens most tokens over all text taken */
export function createOutputMeter(counter: TokenCounter, model: string, budgetTokens: bigint): OutputMeter {
  const budget = Number(budgetTokens);
  const stream = counter.stream(model);
  let delivered = '';
  let full = false;
  const fits = (text: string): boolean => counter.countText(model, text).tokens <= budget;

  function longestPrefix(text: string): string {
    // Counts grow with the text but for a token or two at a boundary, so the last step is checked again below.
    let low = 0;
    let high = text.length;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (fits(delivered + text.slice(0, middle))) low = middle;
      else high = middle - 1;
    }
    while (low > 0 && !fits(delivered + text.slice(0, low))) low -= 1;
    // Half a surrogate pair is no character.
    const last = low > 0 ? text.charCodeAt(low - 1) : 0;
    return text.slice(0, last >= 0xd800 && last <= 0xdbff ? low - 1 : low);
  }

  return {
    take(text) {
      if (full || text === '') return '';
      // The running count may err either way, so near the budget the exact one decides.
      if (stream.push(text) + RUNNING_COUNT_SLACK > budget && stream.total().tokens > budget) {
        full = true;
        const kept = longestPrefix(text);
        delivered += kept;
        return kept;
      }
      delivered += text;
      return text;
    },
    get full() {
      return full;
    },
    total() {
      const { tokens, method } = full ? counter.countText(model, delivered) : stream.total();
      return { tokens, exact: method === 'EXACT' };
    },
  };
}
