import { randomUUID } from 'node:crypto';
import { type heidrun } from '@edda/contracts';
import { createPool, hashRequest } from '@edda/pg-kit';
import { createMetrics, silentLogger } from '@edda/telemetry';
import { type Pool } from 'pg';
import { readyToPay } from '../../src/payments/ready-to-pay.ts';
import { createBatchMetrics } from '../../src/preauth/batch-metrics.ts';
import { reported } from '../../src/metering/count-input.ts';
import { type Hold } from '../../src/preauth/hold.ts';
import { type HoldItem } from '../../src/preauth/hold-item.ts';
import { createPreAuthBatches, type PreAuthBatches } from '../../src/preauth/pre-auth-batches.ts';
import { type HoldRequest } from '../../src/preauth/pre-authorize-request.ts';
import { type CancelItem, type CaptureItem } from '../../src/preauth/resolution-item.ts';
import { holdRequest, type TestHeidrun } from './start-heidrun.ts';

const by = { actor: 'njordr' };
const never = new AbortController().signal;
const originOf = (key: string, content: unknown) => ({
  caller: 'njordr',
  idempotencyKey: key,
  requestHash: hashRequest(content),
});

/** The batches of one more replica on the service's database; calls of one turn of the event loop share a batch. */
export function replicaOf({ database, clock }: TestHeidrun, wrap = (pool: Pool): Pool => pool): PreAuthBatches {
  const pool = createPool({ url: database.url, name: 'replica', max: 4, pipeline: true, logger: silentLogger() });
  const batches = createPreAuthBatches({
    ...{ pool: wrap(pool), clock, readyToPay },
    newId: randomUUID,
    rateBps: () => 1_500,
    assertCapacity: () => undefined,
    batchMetrics: createBatchMetrics(createMetrics({ service: 'test', processMetrics: false })),
  });
  return {
    ...batches,
    async close() {
      await batches.close();
      await pool.end();
    },
  };
}

/** 1,000 tokens in, 1,000 out, unless said otherwise. */
export function holdItem(
  userId: string,
  providers: readonly string[],
  more: Partial<heidrun.PreAuthorizeRequest> = {},
  signal: AbortSignal = never,
): HoldItem {
  const request = holdRequest(userId, providers, more);
  const { idempotencyKey, ...content } = request;
  return {
    request,
    wanted: wantedBy(request),
    origin: originOf(idempotencyKey, content),
    by,
    signal,
  };
}

/** What readHoldRequest makes of a request whose input is counted already. */
function wantedBy(request: heidrun.PreAuthorizeRequest): HoldRequest {
  const { candidates, tokens, maxOutputTokens, contextLeftTokens, maxCostCents } = request;
  if (tokens?.$case !== 'inputTokens') throw new Error('items carry counted input');
  const input = reported(tokens.value);
  const amount = { kind: 'split', inputTokens: input.tokens, maxOutputTokens, contextLeftTokens } as const;
  return { candidates, amount, input, maxCostCents, ttlSeconds: 900 };
}

export function captureItem(
  hold: Hold,
  [inputTokens, outputTokens]: readonly [bigint, bigint],
  more: Partial<CaptureItem> = {},
): CaptureItem {
  const exact = (tokens: bigint) => ({ tokens, method: 1 as const, tokenizer: 'o200k_base' });
  const providerId = hold.candidates[0]?.providerId ?? '';
  return {
    kind: 'CAPTURED',
    hold,
    legs: [{ providerId, input: exact(inputTokens), output: exact(outputTokens) }],
    amountCents: undefined,
    finishReason: 'STOP',
    origin: originOf(`capture-${hold.id}`, [hold.id, inputTokens, outputTokens]),
    by,
    signal: never,
    ...more,
  };
}

export const cancelItem = (hold: Hold): CancelItem => ({
  kind: 'CANCELLED',
  hold,
  reason: 'test',
  origin: originOf(`cancel-${hold.id}`, hold.id),
  by,
  signal: never,
});
