import { setImmediate as nextTurn } from 'node:timers/promises';
import { type CallContext } from '@edda/grpc-kit';
import { silentLogger } from '@edda/telemetry';
import { expect, it } from 'vitest';
import { createBatchCalculateSettlement, ITEMS_PER_TURN } from './batch-calculate-settlement.ts';

const items = Array.from({ length: 10_000 }, (_, i) => ({ itemId: String(i), totalCostCents: BigInt(i) }));
const deps = { rateBps: () => 1_500, onCalculation: () => undefined, logger: silentLogger() };

/** The part of a call's context that the handler looks at. */
const callOf = (signal: AbortSignal) => ({ requestId: 'r', signal }) as unknown as CallContext;

it('lets other calls have their turn between its items', async () => {
  let turns = 0;
  let answered = false;
  const batch = createBatchCalculateSettlement(deps);
  const answer = batch({ requestId: '', items }, callOf(new AbortController().signal)).finally(() => (answered = true));
  for (; !answered; turns++) await nextTurn();
  expect((await answer).results).toHaveLength(items.length);
  expect(turns).toBeGreaterThanOrEqual(items.length / ITEMS_PER_TURN - 1);
});

it('stops once its caller has gone', async () => {
  const caller = new AbortController();
  let counted = 0;
  const batch = createBatchCalculateSettlement({ ...deps, onCalculation: (count) => (counted += count) });
  const answer = batch({ requestId: '', items }, callOf(caller.signal));
  caller.abort(new Error('gone'));
  await expect(answer).rejects.toThrow('gone');
  expect(counted).toBe(0);
});
