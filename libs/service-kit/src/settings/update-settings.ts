import { appendAudit, auditCaller } from '@edda/audit';
import { settings as contract } from '@edda/contracts';
import { commonFaults, invalidInput } from '@edda/faults';
import { type Identity } from '@edda/grpc-kit';
import { hashRequest, type IdempotencyScope, knownOutcome, withIdempotency } from '@edda/pg-kit';
import { type SettingChanges } from '@edda/settings';
import { type PoolClient } from 'pg';
import { insertVersion, lockOverrides, newestOverrides, type StoredOverrides } from './override-store.ts';
import { parseUpdate } from './parse-update.ts';
import { type SettingsCall, type SettingsDeps } from './settings-deps.ts';
import { settingMessages, violationMessages } from './snapshot-message.ts';

type Request = contract.UpdateSettingsRequest;
type Response = contract.UpdateSettingsResponse;

/** The one service that may change settings, for an admin whom it names. */
const PUSHING_SERVICE = 'nornen';

function assertMayChange({ roles, actor }: Identity): void {
  if (roles.has('admin') || actor?.subject === PUSHING_SERVICE) return;
  throw commonFaults.ROLE_FORBIDDEN('Settings are changed by an admin, or by Nornen on behalf of one.');
}

/** An update’s idempotency: whether it only checks is no part of what it is. */
function scopeOf({ clock }: SettingsDeps, request: Request, call: SettingsCall): IdempotencyScope {
  const { idempotencyKey, changes, expectedVersion, reason } = request;
  return {
    tenant: call.identity.networkId,
    caller: auditCaller(call.identity).actor,
    method: call.method,
    key: idempotencyKey,
    requestHash: hashRequest({ changes, expectedVersion, reason }),
    now: clock.now(),
  };
}

function assertVersion({ expectedVersion }: Request, newest: bigint): void {
  if (expectedVersion === undefined || expectedVersion === newest) return;
  throw commonFaults.VERSION_CONFLICT(`the newest version is ${newest}`, {
    metadata: { settings_version: String(newest) },
    violations: [{ field: 'expected_version', description: `is ${expectedVersion}, the newest is ${newest}` }],
  });
}

/** What the update leads to. @throws INVALID_INPUT, VERSION_CONFLICT */
function planned(deps: SettingsDeps, request: Request, changes: SettingChanges, stored: StoredOverrides) {
  const { settings, clock } = deps;
  assertVersion(request, stored.version);
  const plan = settings.plan(stored.overrides, changes);
  if (plan.overrides === undefined) throw invalidInput(plan.violations);
  const response: Response = {
    snapshot: {
      service: settings.describe().service,
      version: stored.version + 1n,
      settings: settingMessages(plan.states),
      appliedAt: clock.now(),
      rejectedReloads: BigInt(settings.rejectedReloads),
      ignoredOverrides: violationMessages(settings.ignoredOverrides.filter(({ field }) => !changes.has(field))),
    },
    restartPendingPaths: [...plan.pendingRestart],
  };
  return { overrides: plan.overrides, response };
}

/** Stores the change with all that tells of it, in the caller's transaction. */
async function store(
  deps: SettingsDeps,
  client: PoolClient,
  request: Request,
  { changes, call }: { changes: SettingChanges; call: SettingsCall },
): Promise<unknown> {
  await lockOverrides(client);
  const stored = await newestOverrides(client);
  const { overrides, response } = planned(deps, request, changes, stored);
  const service = deps.settings.describe().service;
  const version = stored.version + 1n;
  const { actor, onBehalfOf } = auditCaller(call.identity);
  const { networkId, subject: userId } = call.identity;
  const { requestId } = call;
  const changed = Object.fromEntries([...changes].map(([path, value]) => [path, value ?? null]));
  const changedAt = deps.clock.now();
  const { reason } = request;
  await insertVersion(client, {
    ...{ version, overrides, changes: changed, reason, actor, onBehalfOf, networkId, requestId, changedAt },
  });
  const event = {
    subject: `settings:${service}`,
    type: `${service}.settings.changed`,
    payload: { version, changes: changed, reason, user_id: userId, network_id: networkId },
    requestId,
    occurredAt: changedAt,
  };
  await deps.announce?.(client, event, version);
  // The values themselves are kept with the version; a record has no room for the largest of them.
  const details = { version, paths: [...changes.keys()] };
  const audited = { occurredAt: changedAt, ...auditCaller(call.identity), requestId, reason, details };
  await appendAudit(client, [{ ...audited, action: 'settings.update', subject: `settings:${service}` }]);
  return contract.UpdateSettingsResponse.toJSON(response);
}

/** What the update would lead to, or did lead to if it is stored. */
async function validated(
  deps: SettingsDeps,
  request: Request,
  changes: SettingChanges,
  scope: IdempotencyScope,
): Promise<Response> {
  const known = async () => {
    const outcome = await knownOutcome(deps.pool, scope);
    return outcome === undefined ? undefined : contract.UpdateSettingsResponse.fromJSON(outcome);
  };
  const stored = await known();
  if (stored !== undefined) return stored;
  try {
    return planned(deps, request, changes, await newestOverrides(deps.pool)).response;
  } catch (error) {
    // The very update may have been stored between the two looks, and then is what it contradicts.
    const meanwhile = await known();
    if (meanwhile === undefined) throw error;
    return meanwhile;
  }
}

/** UpdateSettings: a new version of the overrides, in force here before the answer, elsewhere with the next poll. */
export function createUpdateSettings(deps: SettingsDeps) {
  return async (request: Request, call: SettingsCall): Promise<Response> => {
    assertMayChange(call.identity);
    const changes = parseUpdate(request);
    const scope = scopeOf(deps, request, call);
    if (request.validateOnly) return validated(deps, request, changes, scope);
    const answer = await withIdempotency(deps.pool, scope, (client) => store(deps, client, request, { changes, call }));
    deps.onStored?.();
    // The change is stored; should this look fail, the next poll puts it in force.
    await deps.feed.refresh().catch((error: unknown) => deps.logger.warn({ err: error }, 'not in force here yet'));
    return contract.UpdateSettingsResponse.fromJSON(answer);
  };
}
