import { randomUUID } from 'node:crypto';
import { common, heidrun } from '@edda/contracts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startAnthropicServer } from './support/anthropic-server.ts';
import { startHeidrun, type TestHeidrun } from './support/start-heidrun.ts';

const { TokenMethod } = common;
const model = 'claude-sonnet-4-5';
const messages = [{ role: 'user', content: 'How are you today?' }];
let anthropic: Awaited<ReturnType<typeof startAnthropicServer>>;
let h: TestHeidrun;

beforeAll(async () => {
  anthropic = await startAnthropicServer();
  h = await startHeidrun({
    secrets: { ANTHROPIC_API_KEY: anthropic.key },
    settings: { tokens: { anthropic: { url: anthropic.url, timeoutMs: 10_000 } } },
  });
});
afterAll(async () => {
  await h.close();
  await anthropic.close();
});

const count = (asked = messages) =>
  h
    .client(heidrun.TokenServiceService)
    .countTokens(
      heidrun.CountTokensRequest.fromPartial({ model, input: { $case: 'inputMessages', value: { messages: asked } } }),
    );

async function outcomes(): Promise<Record<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${h.ports['operations']}/metrics`)).text();
  const lines = text.matchAll(/^edda_heidrun_anthropic_counts_total\{.*outcome="([^"]+)".*\} (\d+)/gm);
  return Object.fromEntries([...lines].map(([, outcome = '', value]) => [outcome, Number(value)]));
}

it('CountTokens answers Anthropic’s count with its key set, and an estimate while it fails', async () => {
  expect(await count()).toMatchObject({ inputTokens: 11n, method: TokenMethod.EXACT, tokenizer: 'anthropic' });
  anthropic.mishaps.push({ status: 429 });
  const other = [{ role: 'user', content: 'And tomorrow?' }];
  expect(await count(other)).toMatchObject({ method: TokenMethod.ESTIMATED, tokenizer: 'o200k_base' });
  expect(await outcomes()).toEqual({ counted: 1, failed: 1 });
});

it('holds and captures while the endpoint does not answer, and nobody else waits for it', async () => {
  const requesterId = await h.requester(100_000n);
  const priced = { providerId: `p-${randomUUID()}`, model };
  await h.pricing.setPricingConfig(
    heidrun.SetPricingConfigRequest.fromPartial({
      ...{ ...priced, priceCents: 3n, ownerId: 'owner', networkId: 'net', idempotencyKey: randomUUID() },
    }),
  );
  const { promise: never, resolve: answerAtLast } = Promise.withResolvers<void>();
  anthropic.held = never;
  const slow = count([{ role: 'user', content: 'Slowly, please.' }]);
  const text = { $case: 'inputText', value: 'hello world' } as const;
  const others = heidrun.CountTokensRequest.fromPartial({ model: 'gpt-4o', input: text });
  expect(await h.client(heidrun.TokenServiceService).countTokens(others)).toMatchObject({ inputTokens: 2n });
  answerAtLast();
  expect(await slow).toMatchObject({ method: TokenMethod.EXACT });

  anthropic.held = Promise.resolve();
  anthropic.mishaps.push({ status: 500 }, { status: 500 });
  const transactionId = randomUUID();
  const hold = await h.preAuth.preAuthorize(
    heidrun.PreAuthorizeRequest.fromPartial({
      ...{ transactionId, requesterId, networkId: 'net', requestId: randomUUID(), idempotencyKey: randomUUID() },
      ...{ candidates: [{ providerId: priced.providerId, priceVersion: 0n }], model, maxOutputTokens: 100n },
      tokens: { $case: 'messages', value: { messages: [{ role: 'user', content: 'Tell me more.' }] } },
    }),
  );
  expect(hold.estimatedCostCents).toBeGreaterThan(0n);
  anthropic.mishaps.push('drop', 'drop', 'drop', 'drop');
  const captured = await h.preAuth.capturePreAuth(
    heidrun.CapturePreAuthRequest.fromPartial({
      ...{ preauthId: hold.preauthId, idempotencyKey: randomUUID() },
      requestId: randomUUID(),
      legs: [
        {
          providerId: priced.providerId,
          input: { $case: 'inputTokens', value: 20n },
          output: { $case: 'outputText', value: 'There is no more to tell.' },
        },
      ],
    }),
  );
  expect(captured.capturedCents).toBeGreaterThan(0n);
});
