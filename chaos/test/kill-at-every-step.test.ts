import { type MarketUser } from '@edda/app-edda/separate';
import { njordr } from '@edda/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { killAt } from '../src/steps/kill-at.ts';
import { type Step, steps, type Victim } from '../src/steps/steps.ts';
import { verifyMarket } from '../src/verify/verify-market.ts';
import { openWorld, type World } from '../src/world/open-world.ts';

const requester: MarketUser = { subject: 'ada', networkId: 'demo', roles: ['user'] };
const fundsCents = 10_000n;
const model = 'builtin-ngram';

/** Each step with the part whose loss hurts most there, and every part at least once; the command has all pairs. */
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
  'njordr/checkpoint:before': 'njordr',
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

let world: World;
beforeAll(async () => {
  world = await openWorld({
    requesters: [requester],
    fundsCents,
    settings: { njordr: { recovery: { leaseSeconds: 1, sweepIntervalMs: 100 } } },
    agents: [
      {
        owner: { subject: 'otto', networkId: 'demo', roles: ['user', 'provider'] },
        ...{ deviceId: 'attic', displayName: 'Attic', priceCents: 40, capacity: 4, quality: 4, model },
        ...{ tokensPerSecond: 60, firstTokenDelayMs: 0 },
      },
    ],
  });
}, 240_000);
afterAll(() => world.close());

describe('domain.md, recovery: a part is killed in the middle of a request and started again', () => {
  it.each(steps)(
    'at %s',
    async (step) => {
      const wanted = { requester, idempotencyKey: `kill at ${step}`, model, maxOutputTokens: 60n };
      const { first, last } = await killAt(world, victimAt[step], step, wanted);
      expect(last.receipt?.status).toBe(njordr.TransactionStatus.COMPLETED);
      // What the client was told once stays true.
      if (first.receipt !== undefined) expect(last.receipt).toEqual(first.receipt);
    },
    180_000,
  );

  it('in the end every transaction is over, all money accounted for, every event told once', async () => {
    await expect
      .poll(() => verifyMarket(world, [{ requester, cents: fundsCents }]), { timeout: 60_000, interval: 500 })
      .toEqual([]);
  }, 120_000);
});
