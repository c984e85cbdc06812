import { common } from '@edda/contracts';
import { commonFaults, type Fault } from '@edda/faults';
import { njordrFaults } from '../faults.ts';
import { type AttemptEnd } from './run-attempt.ts';
import { type CallOff } from './run-control.ts';

/** What follows from how an attempt ended. */
export type Verdict =
  | { next: 'complete'; finishReason: common.FinishReason; costLimited: boolean; billInput: boolean }
  | { next: 'cancel' }
  | { next: 'fail'; fault: Fault }
  | { next: 'same-provider' }
  | { next: 'next-provider' };

export interface AttemptFacts {
  end: AttemptEnd;
  /** Whether anything reached the requester, in this attempt or before. */
  delivered: boolean;
  /** How often this provider was asked, this time included. */
  tries: number;
  /** Whether it is money that limits the output. */
  budgetIsMoney: boolean;
}

const Finish = common.FinishReason;

/** The who-pays table and the error classes of domain.md, "Transaction" and "Routing" 5. */
export function judgeAttempt({ end, delivered, tries, budgetIsMoney }: AttemptFacts): Verdict {
  switch (end.how) {
    case 'done':
      if (!delivered) {
        return { next: 'fail', fault: njordrFaults.EMPTY_ANSWER('The provider finished without writing anything.') };
      }
      return completed(
        end.finishReason === Finish.UNSPECIFIED ? Finish.STOP : end.finishReason,
        end.finishReason === Finish.LENGTH && budgetIsMoney,
      );
    case 'limit':
      // Cut before its first token: the hold pays for no output at all.
      if (!delivered) return { next: 'fail', fault: njordrFaults.EMPTY_ANSWER('The output budget allows no token.') };
      return completed(Finish.LENGTH, budgetIsMoney);
    case 'called-off':
      if (!delivered) return calledOffBefore(end.why);
      return completed(end.why === 'requester' || end.why === 'deadline' ? Finish.CANCELLED : Finish.RECOVERED, false);
    case 'failed':
      // A later step continues on another provider here, where one is known to continue a given beginning.
      if (delivered) {
        return { next: 'complete', finishReason: Finish.PROVIDER_FAILED, costLimited: false, billInput: false };
      }
      return failedBefore(end, tries);
  }
}

function completed(finishReason: common.FinishReason, costLimited: boolean): Verdict {
  return { next: 'complete', finishReason, costLimited, billInput: true };
}

function calledOffBefore(why: CallOff): Verdict {
  switch (why) {
    case 'requester':
      return { next: 'cancel' };
    case 'deadline':
      return { next: 'fail', fault: commonFaults.DEADLINE_EXCEEDED('No token came before the deadline.') };
    case 'shutdown':
      return { next: 'fail', fault: commonFaults.DRAINING('This instance is shutting down.', { retryAfterMs: 1_000 }) };
    case 'lost':
      return { next: 'fail', fault: takenOver() };
  }
}

/** What the requester learns of a request that another replica ends. */
export function takenOver(): Fault {
  return njordrFaults.SETTLEMENT_DELAYED('Another replica settles this request.', { retryAfterMs: 1_000 });
}

function failedBefore(end: Extract<AttemptEnd, { how: 'failed' }>, tries: number): Verdict {
  switch (end.errorClass) {
    case 'no-capacity':
    case 'fault':
      return { next: 'next-provider' };
    case 'transient':
      return { next: tries < 2 ? 'same-provider' : 'next-provider' };
    case 'bad-request':
      return {
        next: 'fail',
        fault: njordrFaults.REQUEST_REFUSED_BY_PROVIDER(end.message || 'The provider refuses this request.'),
      };
  }
}
