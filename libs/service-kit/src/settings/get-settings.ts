import { type settings as contract } from '@edda/contracts';
import { parseWith } from '@edda/grpc-kit';
import { z } from 'zod';
import { pathPrefix } from './parse-update.ts';
import { type SettingsDeps } from './settings-deps.ts';
import { snapshotMessage } from './snapshot-message.ts';

const schema = z.object({ pathPrefix });

/** GetSettings: what is in force on this replica. */
export function createGetSettings(deps: Pick<SettingsDeps, 'settings' | 'feed'>) {
  const jsonSchema = JSON.stringify(deps.settings.describe().jsonSchema);
  return async (request: contract.GetSettingsRequest): Promise<contract.GetSettingsResponse> => ({
    snapshot: snapshotMessage(deps, parseWith(schema, request).pathPrefix),
    jsonSchema,
  });
}
