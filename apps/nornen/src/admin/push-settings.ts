import { createHash } from 'node:crypto';
import { appendAudit, auditCaller, type NewAuditRecord } from '@edda/audit';
import { nornen } from '@edda/contracts';
import { commonFaults } from '@edda/faults';
import { type CallContext } from '@edda/grpc-kit';
import { hashRequest, type IdempotencyScope, inTransaction, knownOutcome, withIdempotency } from '@edda/pg-kit';
import { withKey } from '../fields.ts';
import { type AdminDeps, roundMs } from './admin-deps.ts';
import { type ParsedPush, parsePush, type Push } from './parse-push.ts';
import { outcomeOf, type PushOutcome, refusalOf, resultMessage } from './push-outcomes.ts';

type Response = nornen.PushSettingsResponse;

/** Under this name a push claims its key before it changes anything anywhere. */
const begun = (scope: IdempotencyScope): IdempotencyScope => ({ ...scope, method: `${scope.method}#begun` });

/**
 * PushSettings: every service checks its part, then all store theirs under keys of their own that derive from the
 * push's. No transaction of Nornen's is open while it waits for others; a push that was interrupted anywhere goes on
 * when it is repeated.
 * @throws INVALID_INPUT, SERVICE_UNKNOWN, IDEMPOTENCY_CONFLICT, and what a service refuses its part with
 */
export function pushSettings(deps: AdminDeps) {
  const { pool } = deps;
  return async (given: nornen.PushSettingsRequest, call: CallContext): Promise<Response> => {
    // The rules let in an admin's token; acting for somebody else it would be that person who pushes.
    if (!call.identity.roles.has('admin')) throw commonFaults.ROLE_FORBIDDEN('Settings are pushed by an admin.');
    const push = parsePush(withKey(given, call));
    const scope = scopeOf(deps, push, call);
    const known = await knownOutcome(pool, scope);
    if (known !== undefined) return nornen.PushSettingsResponse.fromJSON(known);
    await knownOutcome(pool, begun(scope));

    const checked = await everywhere(deps, push, call, true);
    const refusal = refusalOf(checked);
    if (refusal !== undefined) throw refusal;
    if (push.validateOnly) return responseOf(checked, false);

    await withIdempotency(pool, begun(scope), async () => ({}));
    const outcomes = await everywhere(deps, push, call, false);
    const records = auditRecords(deps, push, outcomes, call);
    if (outcomes.every(({ fault }) => fault === undefined)) {
      const answer = await withIdempotency<unknown>(pool, scope, async (client) => {
        await appendAudit(client, records);
        return nornen.PushSettingsResponse.toJSON(responseOf(outcomes, true));
      });
      return nornen.PushSettingsResponse.fromJSON(answer);
    }
    await inTransaction(pool, (client) => appendAudit(client, records));
    const failure = refusalOf(outcomes);
    if (failure !== undefined && outcomes.every(({ fault }) => fault !== undefined)) throw failure;
    return responseOf(outcomes, true);
  };
}

function scopeOf({ clock }: AdminDeps, push: ParsedPush, { identity, method }: CallContext): IdempotencyScope {
  const { idempotencyKey: key, pushes, reason } = push;
  const { networkId: tenant, subject: caller } = identity;
  return { tenant, caller, method, key, requestHash: hashRequest({ pushes, reason }), now: clock.now() };
}

/** The same admin's same push has the same key with a service, whichever replica of Nornen asks. */
function keyAt(service: string, { idempotencyKey }: ParsedPush, { identity }: CallContext): string {
  const { networkId, subject } = identity;
  const digest = createHash('sha256').update(JSON.stringify([networkId, subject, idempotencyKey, service]));
  return `nornen-push:${digest.digest('hex')}`;
}

async function everywhere(
  deps: AdminDeps,
  push: ParsedPush,
  call: CallContext,
  validateOnly: boolean,
): Promise<PushOutcome[]> {
  const { reason } = push;
  const deadlineMs = roundMs(deps, call, validateOnly && !push.validateOnly ? 0.4 : 0.8);
  const ask = ({ service, changes, expectedVersion }: Push) => {
    const idempotencyKey = keyAt(service, push, call);
    const request = { idempotencyKey, changes, expectedVersion, reason, validateOnly };
    return outcomeOf(service, () => deps.access[service].updateSettings(request, { call, deadlineMs }));
  };
  return Promise.all(push.pushes.map(ask));
}

function responseOf(outcomes: readonly PushOutcome[], stored: boolean): Response {
  const results = outcomes.map((outcome) => resultMessage(outcome, stored));
  const [first] = results;
  if (first === undefined || results.length > 1) return { snapshot: undefined, restartPendingPaths: [], results };
  const { snapshot, restartPendingPaths } = first;
  return { snapshot, restartPendingPaths, results };
}

/** The values themselves are kept and audited by the services. */
function auditRecords(
  { clock }: AdminDeps,
  { pushes, reason }: ParsedPush,
  outcomes: readonly PushOutcome[],
  { identity, requestId }: CallContext,
): NewAuditRecord[] {
  const occurredAt = clock.now();
  return outcomes.map(({ service, answer, fault }) => {
    const paths = pushes.find((push) => push.service === service)?.changes.map(({ path }) => path) ?? [];
    const result = fault === undefined ? { version: answer?.snapshot?.version } : { error_reason: fault.reason };
    const who = { ...auditCaller(identity), requestId, reason };
    const details = { applied: fault === undefined, paths, ...result };
    return { ...who, occurredAt, action: 'settings.push', subject: `settings:${service}`, details };
  });
}
