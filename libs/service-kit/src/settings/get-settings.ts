import { type settings as contract } from '@edda/contracts';
import { parseWith } from '@edda/grpc-kit';
import { type Pool } from 'pg';
import { z } from 'zod';
import { pathPrefix } from './parse-update.ts';
import { newestVersion } from './override-store.ts';
import { type SettingsDeps } from './settings-deps.ts';
import { snapshotMessage } from './snapshot-message.ts';

/** Longest wait for the database, ms: what is in force can be told without it. */
const STORED_WITHIN_MS = 1_000;

const schema = z.object({ pathPrefix });

/** GetSettings: what is in force on this replica. */
export function createGetSettings(deps: Pick<SettingsDeps, 'settings' | 'feed' | 'pool'>) {
  const jsonSchema = JSON.stringify(deps.settings.describe().jsonSchema);
  return async (request: contract.GetSettingsRequest): Promise<contract.GetSettingsResponse> => {
    const { pathPrefix: prefix } = parseWith(schema, request);
    const storedVersion = await storedIn(deps.pool);
    return { snapshot: snapshotMessage(deps, prefix), jsonSchema, storedVersion };
  };
}

async function storedIn(pool: Pool): Promise<bigint | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), STORED_WITHIN_MS);
  });
  const stored = newestVersion(pool).catch(() => undefined);
  return Promise.race([stored, late]).finally(() => clearTimeout(timer));
}
