import { type nornen } from '@edda/contracts';
import { type CallContext } from '@edda/grpc-kit';
import { nornenFaults } from '../faults.ts';
import { type PolicyBook } from './policy-book.ts';
import { snapshotMessage } from './snapshot-message.ts';

/**
 * The newest snapshot at once, unless the caller has it, and again after every change; an empty message in between
 * shows that the stream lives. @throws NO_POLICY_SNAPSHOT
 */
export function watchPolicies(deps: { book: PolicyBook; signOfLifeMs: () => number }) {
  return async function* (
    { knownVersion }: nornen.WatchPoliciesRequest,
    { signal }: Pick<CallContext, 'signal'>,
  ): AsyncGenerator<nornen.WatchPoliciesResponse> {
    const { book, signOfLifeMs } = deps;
    let known = knownVersion;
    while (!signal.aborted) {
      const current = book.current();
      if (current === undefined)
        throw nornenFaults.NO_POLICY_SNAPSHOT('No policies are loaded.', { retryAfterMs: 1_000 });
      const { snapshot } = current;
      if (snapshot.version > known) {
        known = snapshot.version;
        yield { snapshot: snapshotMessage(snapshot) };
        // While that was being sent a newer one may have come.
        continue;
      }
      await book.nextChange(signOfLifeMs(), signal);
      if (!signal.aborted && book.current()?.snapshot === snapshot) yield { snapshot: undefined };
    }
  };
}
