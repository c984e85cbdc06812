import { type eikthyrnir } from '@edda/contracts';
import { invalidInput } from '@edda/faults';
import { parseWith } from '@edda/grpc-kit';
import { type Clock } from '@edda/telemetry';
import { type Pool } from 'pg';
import { z } from 'zod';
import { fields } from '../observations/observation-schema.ts';
import { type Weighing } from '../quality/figures.ts';
import { type Key, readQualities } from '../quality/quality-store.ts';
import { toProviderQuality } from '../quality/to-provider-quality.ts';

export interface ReadDeps {
  pool: Pool;
  clock: Clock;
  weighing: () => Weighing;
}

/** Most rows of one answer, some 200 bytes each: well below the largest message. */
const MAX_ROWS = 10_000;

const keySchema = z.object({ providerId: fields.providerId, model: fields.optionalModel });
const batchSchema = z.object({
  keys: z.array(keySchema).min(1, 'needs a key').max(1_000, 'has at most 1,000 keys'),
});

/** GetQuality: one model, or each model observed. */
export function createGetQuality(deps: ReadDeps) {
  return async (request: eikthyrnir.GetQualityRequest): Promise<eikthyrnir.GetQualityResponse> => {
    parseWith(keySchema, request);
    return { qualities: await read(deps, [request], 'model') };
  };
}

/** BatchGetQuality: up to 1,000 keys in one statement, answered in their order. */
export function createBatchGetQuality(deps: ReadDeps) {
  return async (request: eikthyrnir.BatchGetQualityRequest): Promise<eikthyrnir.BatchGetQualityResponse> => {
    parseWith(batchSchema, request);
    return { qualities: await read(deps, request.keys, 'keys') };
  };
}

async function read(deps: ReadDeps, keys: readonly Key[], field: string): Promise<eikthyrnir.ProviderQuality[]> {
  const rows = await readQualities(deps.pool, keys, MAX_ROWS + 1);
  if (rows.length > MAX_ROWS) {
    throw invalidInput([{ field, description: `select more than ${MAX_ROWS} rows; name models or fewer providers` }]);
  }
  const now = deps.clock.now();
  const weighing = deps.weighing();
  return rows.map((row) => toProviderQuality(row, now, weighing));
}
