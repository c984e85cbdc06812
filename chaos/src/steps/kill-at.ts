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
  const calling = buy(world, wanted);
  await within(reachedWithinMs, `reached ${step}`, stop.reached, calling);
  await world.kill(victim);
  stop.release();
  await world.start(victim);
  const first = await calling;
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

/** @throws Error when the time is over, or the request has ended long before without coming by */
async function within(ms: number, what: string, reached: Promise<void>, calling: Promise<Bought>): Promise<void> {
  const timer = new AbortController();
  const late = sleep(ms, undefined, { signal: timer.signal }).then(async () => {
    const ended = await Promise.race([calling, sleep(0)]);
    throw new Error(
      `the request never ${what}; it ${ended === undefined ? 'still runs' : `ended: ${reasonOf(ended)}`}`,
    );
  });
  late.catch(() => undefined);
  await Promise.race([reached, late]);
  timer.abort();
}

function reasonOf({ fault, receipt }: Bought): string {
  if (fault !== undefined) return `${fault.reason} (${fault.message})`;
  return receipt === undefined ? 'without a receipt' : `with receipt ${receipt.transactionId}`;
}
