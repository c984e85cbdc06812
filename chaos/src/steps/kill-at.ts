import { setTimeout as sleep } from 'node:timers/promises';
import { type World } from '../world/open-world.ts';
import { type Bought, buy, type Wanted } from './buy.ts';
import { type Step, type Victim } from './steps.ts';

export interface KillOutcome {
  step: Step;
  victim: Victim;
  /** What the client got while it happened. */
  first: Bought;
  /** What the same call, made again, got in the end. */
  last: Bought;
  /** How often it was made again. */
  retries: number;
}

/** A request passes every step within this time, ms, even on a machine that does other things. */
const reachedWithinMs = 60_000;
/** A client gives up repeating its call after this time, ms. */
const answeredWithinMs = 60_000;

/**
 * Buys an answer, kills the victim when the request has come to the step, starts it again, and repeats the call as a
 * client would until it has an answer.
 * @throws Error when the step is never reached, or the client gets no answer in time
 */
export async function killAt(world: World, victim: Victim, step: Step, wanted: Wanted): Promise<KillOutcome> {
  const stop = world.gate.arm(step);
  const calling = await callUntilReached(world, wanted, step, stop.reached);
  await world.kill(victim);
  stop.release();
  await world.start(victim);
  const first = await calling.ended;
  let last: Bought = first;
  let retries = 0;
  for (const until = performance.now() + answeredWithinMs; last.receipt === undefined || retries === 0;) {
    if (performance.now() > until)
      throw new Error(`no answer after ${victim} was killed at ${step}: ${reasonOf(last)}`);
    retries += 1;
    last = await buy(world, wanted);
    if (last.receipt === undefined) await sleep(100);
  }
  return { step, victim, first, last, retries };
}

/**
 * Calls until a call has come to the step: after the kill before, the provider may not be back yet.
 * @throws Error when the time is over
 */
async function callUntilReached(world: World, wanted: Wanted, step: Step, reached: Promise<void>) {
  const timer = new AbortController();
  const late = sleep(reachedWithinMs, 'late' as const, { signal: timer.signal }).catch(() => 'late' as const);
  const there = reached.then(() => 'reached' as const);
  try {
    for (;;) {
      const ended = buy(world, wanted);
      const what = await Promise.race([there, late, ended]);
      if (what === 'reached') return { ended };
      if (what === 'late') throw new Error(`the request never reached ${step}; it still runs`);
      // What follows an answer, such as its events, comes by later.
      const next = await Promise.race([
        there,
        late,
        ...(what.receipt === undefined ? [sleep(200, 'again' as const)] : []),
      ]);
      if (next === 'reached') return { ended };
      if (next === 'late') throw new Error(`the request never reached ${step}; it ended: ${reasonOf(what)}`);
    }
  } finally {
    timer.abort();
  }
}

function reasonOf({ fault, receipt }: Bought): string {
  if (fault !== undefined) return `${fault.reason} (${fault.message})`;
  return receipt === undefined ? 'without a receipt' : `with receipt ${receipt.transactionId}`;
}
