import { randomUUID } from 'node:crypto';
import { type CaptureItem, type Hold, type HoldItem } from '@edda/app-heidrun/store';
import { common, heidrun } from '@edda/contracts';

export const network = 'bench';
export const model = 'llama-3.1-8b';
export const providers = 50;
export const providerId = (index: number): string => `prv-${index % providers}`;
export const walletUser = (index: number): string => `requester-${index}`;

const { EXACT } = common.TokenMethod;
const never = new AbortController().signal;
const by = { actor: 'njordr' };

/** A request of 1,000 tokens with a budget of 1,000 for one of two ranked providers. */
export function holdItem(wallet: number, lifecycle: number): HoldItem {
  const transactionId = randomUUID();
  const candidates = [0, 1].map((next) => ({ providerId: providerId(lifecycle + next), priceVersion: 1n }));
  return {
    request: heidrun.PreAuthorizeRequest.fromPartial({
      idempotencyKey: `hold-${transactionId}`,
      requestId: `req-${transactionId}`,
      transactionId,
      requesterId: walletUser(wallet),
      networkId: network,
      candidates,
      model,
    }),
    wanted: {
      candidates,
      amount: { kind: 'split', inputTokens: 1_000n, maxOutputTokens: 1_000n },
      input: { tokens: 1_000n, method: EXACT, tokenizer: 'o200k_base' },
      ttlSeconds: 900,
    },
    origin: { caller: 'njordr', idempotencyKey: `hold-${transactionId}`, requestHash: transactionId },
    by,
    signal: never,
  };
}

/** What the best candidate delivered, 1,234 tokens in all. */
export function captureItem(hold: Hold): CaptureItem {
  const counted = (tokens: bigint) => ({ tokens, method: EXACT, tokenizer: 'o200k_base' });
  return {
    kind: 'CAPTURED',
    hold,
    legs: [{ providerId: hold.candidates[0]?.providerId ?? '', input: counted(1_000n), output: counted(234n) }],
    amountCents: undefined,
    finishReason: 'STOP',
    origin: { caller: 'njordr', idempotencyKey: `capture-${hold.id}`, requestHash: hold.id },
    by,
    signal: never,
  };
}
