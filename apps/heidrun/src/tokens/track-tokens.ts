import { type heidrun } from '@edda/contracts';
import { invalidInput } from '@edda/faults';
import { type CallContext, type Identity, parseWith } from '@edda/grpc-kit';
import { appendAudit } from '@edda/audit';
import { appendEvents, hashRequest, withIdempotency } from '@edda/pg-kit';
import { type ClientBase } from 'pg';
import { z } from 'zod';
import { fields, tokenCount } from '../fields.ts';
import { callerOf } from '../ledger/visibility.ts';
import { type UsageDeps } from './usage-deps.ts';

const DAY_MS = 86_400_000;
/** A second of grace for clocks that differ. */
const GRACE_MS = 1_000;

const schema = z.object({
  idempotencyKey: fields.idempotencyKey,
  requestId: fields.id,
  providerId: fields.id,
  userId: fields.id,
  networkId: fields.id,
  model: fields.model,
});

/** One record, whoever made it. */
type UsageRecord = Omit<heidrun.TrackedTokens, 'totalTokens' | 'occurredAt'> & { networkId: string; occurredAt: Date };

/** TrackTokens: records usage that no capture tracks by itself. */
export function createTrackTokens(deps: UsageDeps) {
  return async (request: heidrun.TrackTokensRequest, ctx: CallContext): Promise<heidrun.TrackTokensResponse> => {
    parseWith(schema, request);
    const now = deps.clock.now();
    const { idempotencyKey, occurredAt, ...given } = request;
    tokenCount('input_tokens', given.inputTokens);
    tokenCount('output_tokens', given.outputTokens);
    let replayed = false;
    const { id, at } = await withIdempotency(
      deps.pool,
      {
        tenant: ctx.identity.networkId,
        caller: callerOf(ctx.identity),
        method: ctx.method,
        key: idempotencyKey,
        requestHash: hashRequest(request),
        now,
        onReplay: () => {
          replayed = true;
        },
      },
      async (client) => {
        // Not before: a repetition is answered however late it comes.
        checkOccurredAt(occurredAt, now);
        const record = { ...given, id: deps.newId(), occurredAt: occurredAt ?? now };
        await insert(client, record);
        await appendAudit(client, [auditOf(record, ctx.identity, now)]);
        await appendEvents(client, [tracked(record, now)]);
        return { id: record.id, at: record.occurredAt.toISOString() };
      },
    );
    deps.notify();
    const { networkId: _, ...shown } = given;
    const totalTokens = given.inputTokens + given.outputTokens;
    return { record: { ...shown, id, totalTokens, occurredAt: new Date(at) }, replayed };
  };
}

function checkOccurredAt(occurredAt: Date | undefined, now: Date): void {
  if (occurredAt === undefined) return;
  const ageMs = now.getTime() - occurredAt.getTime();
  if (ageMs >= -GRACE_MS && ageMs <= DAY_MS + GRACE_MS) return;
  throw invalidInput([{ field: 'occurred_at', description: 'must lie within the last 24 hours' }]);
}

async function insert(client: ClientBase, record: UsageRecord): Promise<void> {
  const { id, requestId, networkId, userId, providerId, model, inputTokens, outputTokens, occurredAt } = record;
  await client.query({
    name: 'usage-track',
    text: `INSERT INTO usage_records (id, request_id, network_id, user_id, provider_id, model, input_tokens,
             output_tokens, occurred_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    values: [id, requestId, networkId, userId, providerId, model, inputTokens, outputTokens, occurredAt],
  });
}

const facts = (record: UsageRecord) => ({
  usage_id: record.id,
  user_id: record.userId,
  network_id: record.networkId,
  provider_id: record.providerId,
  model: record.model,
  input_tokens: String(record.inputTokens),
  output_tokens: String(record.outputTokens),
});

function auditOf(record: UsageRecord, identity: Identity, now: Date) {
  return {
    occurredAt: now,
    actor: callerOf(identity),
    networkId: record.networkId,
    action: 'usage.track',
    subject: `usage:${record.id}`,
    requestId: record.requestId,
    details: facts(record),
  };
}

function tracked(record: UsageRecord, now: Date) {
  const { input_tokens: _, output_tokens: __, ...payload } = facts(record);
  const { inputTokens, outputTokens } = record;
  return {
    subject: `usage:${record.id}`,
    type: 'heidrun.usage.tracked',
    payload: { ...payload, input_tokens: inputTokens, output_tokens: outputTokens },
    requestId: record.requestId,
    occurredAt: now,
  };
}
