import { njordr } from '@edda/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { killAt } from '../src/steps/kill-at.ts';
import { openKillWorld } from '../src/steps/kill-world.ts';
import { type Step, steps, type Victim } from '../src/steps/steps.ts';
import { verifyMarket } from '../src/verify/verify-market.ts';
import { doctoredMarkets, problemsAfter } from './support/doctored-market.ts';

/** Each step with the part whose loss hurts most there, and every part at least once; `chaos:steps` has all pairs. */
const victimAt: Readonly<Record<Step, Victim>> = {
  'njordr/accept:before': 'njordr',
  'njordr/accept:after': 'postgres',
  'njordr→heidrun/PreAuthorize:before': 'heidrun',
  'njordr→heidrun/PreAuthorize:after': 'njordr',
  'njordr/start:before': 'eikthyrnir',
  'njordr/start:after': 'njordr',
  'link/job': 'heidrun',
  'link/chunk': 'nornen',
  'client/first-token': 'postgres',
  'njordr/checkpoint:before': 'heidrun',
  'njordr/checkpoint:after': 'njordr',
  'njordr→heidrun/CapturePreAuth:before': 'postgres',
  'njordr→heidrun/CapturePreAuth:after': 'heidrun',
  'njordr/end:before': 'njordr',
  'njordr/end:after': 'njordr',
  'njordr→nornen/IngestEvents:before': 'nornen',
  'njordr→nornen/IngestEvents:after': 'njordr',
  'njordr→eikthyrnir/RecordObservations:before': 'eikthyrnir',
  'njordr→eikthyrnir/RecordObservations:after': 'eikthyrnir',
  'heidrun→nornen/IngestEvents:before': 'heidrun',
  'heidrun→nornen/IngestEvents:after': 'nornen',
};

describe('domain.md, recovery: a part is killed in the middle of a request and started again', () => {
  let open: Awaited<ReturnType<typeof openKillWorld>>;
  beforeAll(async () => {
    open = await openKillWorld();
  }, 300_000);
  afterAll(() => open.world.close());

  it.each(steps)(
    'at %s: the call made again is answered, with the first result if there was one',
    async (step) => {
      const { world, wanted } = open;
      const { first, last } = await killAt(world, victimAt[step], step, wanted(`kill at ${step}`));
      expect(last.receipt?.status).toBe(njordr.TransactionStatus.COMPLETED);
      if (first.receipt !== undefined) expect(last.receipt).toEqual(first.receipt);
    },
    240_000,
  );

  it('in the end every transaction is over, all money accounted for, every event told once, every chain whole', async () => {
    const { world, wallets } = open;
    await expect.poll(() => verifyMarket(world, wallets), { timeout: 90_000, interval: 500 }).toEqual([]);
  }, 120_000);

  // Here, because a market with so much behind it is already there.
  it.each(doctoredMarkets)('and the check that says so finds that %s', async (_, where, sql, found) => {
    const { world, wallets } = open;
    expect(await problemsAfter(world, wallets, where, sql)).toMatch(found);
    expect(await verifyMarket(world, wallets)).toEqual([]);
  });
});
