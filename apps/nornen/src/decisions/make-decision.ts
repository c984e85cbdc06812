import { appendAudit, auditCaller, type NewAuditRecord } from '@edda/audit';
import { type common, nornen } from '@edda/contracts';
import { type CallContext } from '@edda/grpc-kit';
import { hashRequest, jsonText, withIdempotency } from '@edda/pg-kit';
import { type Facts, type PolicyKind } from '@edda/policy';
import { type Clock } from '@edda/telemetry';
import { type Pool } from 'pg';
import { storeEvents } from '../history/event-store.ts';
import { type NornenMetrics } from '../nornen-metrics.ts';
import { type PolicyBook } from '../policies/policy-book.ts';
import { decisionMessage, type StoredDecision } from './decision-message.ts';
import { insertDecision, rememberOwner } from './decision-store.ts';
import { verdictOn } from './verdict.ts';

export interface DecisionDeps {
  pool: Pool;
  book: PolicyBook;
  metrics: NornenMetrics;
  clock: Clock;
  /** A fresh UUID. */
  newId: () => string;
}

/** What is to be decided. */
export interface Question<Kind extends PolicyKind = PolicyKind> {
  kind: Kind;
  facts: Facts<Kind>;
  /** Stored beside the facts; no policy sees them. */
  otherFacts: Readonly<Record<string, unknown>>;
  /** Denied for this reason whatever the policies say. */
  refusal?: string | undefined;
  subjectId: string;
  userId: string;
  networkId: string;
  requestId: string;
  providerId: string;
}

/** These say who it is about. They stand in columns of their own, never among the stored facts. */
const personal = new Set(['owner_id', 'requester_id', 'network_id', 'device_id']);

/**
 * Decides, and stores decision, event, audit record and answer in one transaction; a repeated call gets the first one's decision.
 * @throws IDEMPOTENCY_CONFLICT
 */
export async function makeDecision<Kind extends PolicyKind>(
  deps: DecisionDeps,
  ctx: Pick<CallContext, 'identity' | 'method' | 'logger'>,
  request: { idempotencyKey: string },
  question: Question<Kind>,
): Promise<nornen.Decision> {
  const { pool, clock, metrics } = deps;
  const { idempotencyKey, ...content } = request;
  let replayed = false;
  const scope = {
    tenant: ctx.identity.networkId,
    caller: ctx.identity.subject,
    method: ctx.method,
    key: idempotencyKey,
    requestHash: hashRequest(content),
    now: clock.now(),
    onReplay: () => void (replayed = true),
  };
  const answer = await withIdempotency(pool, scope, async (client) => {
    const decision = decide(deps, question);
    const all = { ...question.facts, ...question.otherFacts };
    const facts = { json: factsJson(all), hash: hashRequest(all) };
    await insertDecision(client, decision, facts);
    // A denied registration proves nothing about whose the provider is.
    if (decision.kind === 'provider-registration' && decision.outcome !== 'deny') await rememberOwner(client, decision);
    await storeEvents(client, [decisionMade(deps.newId(), decision, question, facts.hash)]);
    await appendAudit(client, [auditedDecision(ctx, decision, question, facts.hash)]);
    return nornen.Decision.toJSON(decisionMessage(decision));
  });
  const decision = nornen.Decision.fromJSON(answer);
  if (!replayed) metrics.decisions.inc({ kind: question.kind, outcome: nameOf(decision.outcome) });
  const { decisionId, policyId, policyVersion, reasonCode } = decision;
  ctx.logger.info(
    {
      ...{ decision_id: decisionId, kind: question.kind, outcome: nameOf(decision.outcome), policy_id: policyId },
      ...{ policy_version: policyVersion, reason_code: reasonCode, subject_id: question.subjectId, replayed },
    },
    'decided',
  );
  return decision;
}

function decide<Kind extends PolicyKind>(deps: DecisionDeps, question: Question<Kind>): StoredDecision {
  const { kind, facts, refusal, subjectId, userId, networkId } = question;
  return {
    ...verdictOn(deps.book.current(), kind, facts, refusal),
    decisionId: deps.newId(),
    kind,
    decidedAt: deps.clock.now(),
    subjectId,
    userId,
    networkId,
  };
}

function auditedDecision(
  { identity }: Pick<CallContext, 'identity'>,
  decision: StoredDecision,
  { requestId }: Question,
  factsHash: string,
): NewAuditRecord {
  const { decisionId, kind, outcome, policyId, policyVersion, reasonCode, subjectId } = decision;
  return {
    occurredAt: decision.decidedAt,
    ...auditCaller(identity),
    networkId: decision.networkId,
    action: 'decision.make',
    subject: `decision:${decisionId}`,
    requestId,
    details: { kind, outcome, policyId, policyVersion, reasonCode, about: subjectId, factsHash },
  };
}

function decisionMade(
  eventId: string,
  decision: StoredDecision,
  { requestId, providerId }: Question,
  factsHash: string,
): common.Event {
  const { decisionId, kind, outcome, policyId, policyVersion, reasonCode, subjectId } = decision;
  const payload = {
    ...{ decision_id: decisionId, kind, outcome, policy_id: policyId, policy_version: policyVersion },
    ...{ reason_code: reasonCode, subject_id: subjectId, facts_hash: factsHash },
  };
  return {
    eventId,
    subject: `decision:${decisionId}`,
    sequence: 1n,
    type: 'nornen.decision.made',
    service: 'nornen',
    occurredAt: decision.decidedAt,
    requestId,
    networkId: decision.networkId,
    userId: decision.userId,
    providerId,
    payloadJson: jsonText(payload),
  };
}

/** Integers as text: JSON's numbers would lose digits beyond 2^53. */
function factsJson(facts: Readonly<Record<string, unknown>>): string {
  const kept = Object.entries(facts).filter(([name]) => !personal.has(name));
  return JSON.stringify(Object.fromEntries(kept), (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );
}

function nameOf(outcome: nornen.DecisionOutcome): string {
  if (outcome === nornen.DecisionOutcome.APPROVED) return 'approve';
  return outcome === nornen.DecisionOutcome.REVIEW ? 'review' : 'deny';
}
