import { nornen } from '@edda/contracts';
import { type GrpcClient } from '@edda/grpc-kit';
import { compilePolicySet, noPolicySet, type Policy, type PolicySet } from '@edda/policy';
import { type Logger } from '@edda/telemetry';
import { createReconnectingFeed, type Feed } from '../feeds/reconnecting-feed.ts';

export interface PolicyFeed extends Feed {
  /** The newest policies received; a set that denies everything before the first. */
  current(): PolicySet;
}

export interface PolicyFeedDeps {
  decisions: Pick<GrpcClient<nornen.DecisionServiceService>, 'watchPolicies'>;
  logger: Logger;
  /** Waits between two connections, ms. */
  backoff?: { baseMs: number; capMs: number };
}

/** Follows Nornen's policies; keeps the last good ones whatever happens to the line. */
export function createPolicyFeed({ decisions, logger, backoff }: PolicyFeedDeps): PolicyFeed {
  let current: PolicySet = noPolicySet;
  let version = 0n;
  const feed = createReconnectingFeed({
    name: 'policies',
    logger,
    ...(backoff && { backoff }),
    connect: (signal) => decisions.watchPolicies({ knownVersion: version }, { signal, deadlineMs: Infinity }),
    take({ snapshot }) {
      if (snapshot === undefined || snapshot.version <= version) return;
      try {
        current = compilePolicySet({ version: String(snapshot.version), policies: snapshot.policies.map(toPolicy) });
        version = snapshot.version;
        logger.info({ policy_version: current.version, policies: current.size }, 'policies in force');
      } catch (error) {
        logger.error(
          { err: error, policy_version: String(snapshot.version) },
          'policies refused; the former ones stay',
        );
      }
    },
  });
  return { ...feed, current: () => current };
}

const kinds = new Map<nornen.PolicyKind, Policy['kind']>([
  [nornen.PolicyKind.PROVIDER_REGISTRATION, 'provider-registration'],
  [nornen.PolicyKind.REQUEST, 'request'],
]);
const effects = new Map<nornen.PolicyEffect, Policy['effect']>([
  [nornen.PolicyEffect.DENY, 'deny'],
  [nornen.PolicyEffect.REVIEW, 'review'],
]);

/** An unknown kind or effect becomes one that the compiler refuses, so that nothing is silently left out. */
function toPolicy({ policyId, kind, rule, effect, reason, priority }: nornen.Policy): Policy {
  return {
    id: policyId,
    kind: kinds.get(kind) ?? ('' as Policy['kind']),
    rule,
    effect: effects.get(effect) ?? ('' as Policy['effect']),
    reason,
    priority,
  };
}
