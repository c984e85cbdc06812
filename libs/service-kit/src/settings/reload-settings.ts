import { appendAudit, auditCaller } from '@edda/audit';
import { settings as contract } from '@edda/contracts';
import { type FieldViolation } from '@edda/faults';
import { parseWith } from '@edda/grpc-kit';
import { withIdempotency } from '@edda/pg-kit';
import { z } from 'zod';
import { idempotencyKey } from './parse-update.ts';
import { type SettingsCall, type SettingsDeps } from './settings-deps.ts';
import { snapshotMessage, violationMessages } from './snapshot-message.ts';

const schema = z.object({ idempotencyKey });

/** ReloadSettings: file and overrides of this replica, read again; an invalid file is an answer, not an error. */
export function createReloadSettings(deps: SettingsDeps) {
  const { settings, feed, pool, clock } = deps;
  return async (
    request: contract.ReloadSettingsRequest,
    call: SettingsCall,
  ): Promise<contract.ReloadSettingsResponse> => {
    const { idempotencyKey: key } = parseWith(schema, request);
    await feed.refresh(true);
    const scope = {
      tenant: call.identity.networkId,
      caller: auditCaller(call.identity).actor,
      method: call.method,
      key,
      requestHash: '',
      now: clock.now(),
    };
    const reloaded = (applied: boolean, violations: readonly FieldViolation[]) => ({
      ...{ occurredAt: clock.now(), ...auditCaller(call.identity), requestId: call.requestId },
      ...{ action: 'settings.reload', subject: `settings:${settings.describe().service}` },
      details: { applied, paths: violations.map(({ field }) => field) },
    });
    const answer = await withIdempotency<unknown>(pool, scope, async (client) => {
      const { applied, violations } = await settings.reload();
      await appendAudit(client, [reloaded(applied, violations)]);
      return contract.ReloadSettingsResponse.toJSON({
        applied,
        violations: violationMessages(violations),
        snapshot: snapshotMessage(deps),
      });
    });
    return contract.ReloadSettingsResponse.fromJSON(answer);
  };
}
