import { appendAudit, auditCaller, type NewAuditRecord } from '@edda/audit';
import { type heidrun } from '@edda/contracts';
import { commonFaults, invalidInput } from '@edda/faults';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { MAX_PRICE_CENTS, moneyFaults } from '@edda/money';
import { appendEvents, hashRequest, withIdempotency } from '@edda/pg-kit';
import { type ClientBase } from 'pg';
import { z } from 'zod';
import { heidrunFaults } from '../faults.ts';
import { fields } from '../fields.ts';
import { callerOf } from '../ledger/visibility.ts';
import { insertPrice, latestPrice, lockProviderPrices, priceById } from './price-store.ts';
import { type PricingDeps } from './pricing-deps.ts';
import { type StoredPrice, toConfig } from './stored-price.ts';

const MAX_UNIT = 10n ** 9n;
const YEAR_MS = 365 * 86_400_000;

const schema = z.object({
  idempotencyKey: fields.idempotencyKey,
  providerId: fields.id,
  ownerId: fields.id,
  networkId: fields.id,
  model: fields.text(200),
  priceCents: z.bigint(),
  outputPriceCents: z.bigint().optional(),
  priceUnitTokens: z.bigint(),
  validFrom: z.date().optional(),
  expectedVersion: z.bigint().min(0n, 'must not be negative').optional(),
});

/** SetPricingConfig: appends a version; the ones before stay and may still be pinned. */
export function createSetPricingConfig(deps: PricingDeps) {
  return async (
    request: heidrun.SetPricingConfigRequest,
    ctx: CallContext,
  ): Promise<heidrun.SetPricingConfigResponse> => {
    parseWith(schema, request);
    const now = deps.clock.now();
    checkBounds(request);
    let replayed = false;
    const { id } = await withIdempotency(
      deps.pool,
      {
        tenant: ctx.identity.networkId,
        caller: callerOf(ctx.identity),
        method: ctx.method,
        key: request.idempotencyKey,
        requestHash: hashRequest(request),
        now,
        onReplay: () => {
          replayed = true;
        },
      },
      async (client) => {
        // Not before: a repetition is answered however late it comes, and however full the outbox is by then.
        checkValidFrom(request, now);
        checkPolicy(request, deps.bounds());
        deps.assertCapacity();
        const stored = await nextVersion(deps, client, request, now);
        await insertPrice(client, stored);
        await appendEvents(client, [priceChanged(stored)]);
        await appendAudit(client, [auditedPrice(stored, ctx)]);
        return { id: stored.id };
      },
    );
    deps.prices.forget(request.providerId);
    deps.notify();
    const stored = await priceById(deps.pool, id);
    if (stored === undefined) throw commonFaults.INTERNAL('The stored price is gone.');
    return { config: toConfig(stored), replayed };
  };
}

async function nextVersion(
  deps: PricingDeps,
  client: ClientBase,
  request: heidrun.SetPricingConfigRequest,
  now: Date,
): Promise<StoredPrice> {
  const { providerId, ownerId, networkId, model, expectedVersion } = request;
  await lockProviderPrices(client, providerId);
  const latest = await latestPrice(client, providerId, model);
  if (latest !== undefined && (latest.ownerId !== ownerId || latest.networkId !== networkId)) {
    throw heidrunFaults.OWNER_MISMATCH(`provider ${providerId} belongs to another owner`, {
      violations: [{ field: 'owner_id', description: 'is not the owner of this provider’s prices so far' }],
    });
  }
  const newest = latest?.version ?? 0n;
  if (expectedVersion !== undefined && expectedVersion !== newest) {
    throw commonFaults.VERSION_CONFLICT(`the newest version is ${newest}`, {
      metadata: { price_version: String(newest) },
      violations: [{ field: 'expected_version', description: `is ${expectedVersion}, the newest is ${newest}` }],
    });
  }
  return {
    id: deps.newId(),
    providerId,
    model,
    version: newest + 1n,
    price: {
      priceCents: request.priceCents,
      unitTokens: request.priceUnitTokens === 0n ? 1_000n : request.priceUnitTokens,
      ...(request.outputPriceCents !== undefined && { outputPriceCents: request.outputPriceCents }),
    },
    validFrom: request.validFrom ?? now,
    ownerId,
    networkId,
    createdAt: now,
  };
}

function checkBounds(request: heidrun.SetPricingConfigRequest): void {
  const within = (field: string, value: bigint, min: bigint, max: bigint) => {
    if (value >= min && value <= max) return;
    const description = `must be ${min} to ${max}, got ${value}`;
    throw moneyFaults.PRICE_OUT_OF_RANGE(`${field} ${description}`, { violations: [{ field, description }] });
  };
  within('price_cents', request.priceCents, 0n, MAX_PRICE_CENTS);
  within('output_price_cents', request.outputPriceCents ?? 0n, 0n, MAX_PRICE_CENTS);
  within('price_unit_tokens', request.priceUnitTokens, 0n, MAX_UNIT);
}

const MILLION = 1_000_000n;

/** The operator's bounds; a price of 0 for output alone is as much under them as any. */
function checkPolicy(
  request: heidrun.SetPricingConfigRequest,
  { minCentsPerMillion: min, maxCentsPerMillion: max }: ReturnType<PricingDeps['bounds']>,
): void {
  const unit = request.priceUnitTokens === 0n ? 1_000n : request.priceUnitTokens;
  const prices = {
    price_cents: request.priceCents,
    output_price_cents: request.outputPriceCents ?? request.priceCents,
  };
  for (const [field, cents] of Object.entries(prices)) {
    if (cents * MILLION >= BigInt(min) * unit && cents * MILLION <= BigInt(max) * unit) continue;
    throw heidrunFaults.PRICE_AGAINST_POLICY(`${field} must come to ${min} to ${max} cents per 1,000,000 tokens`, {
      metadata: { min_cents_per_million: String(min), max_cents_per_million: String(max) },
      violations: [{ field, description: `must come to ${min} to ${max} cents per 1,000,000 tokens` }],
    });
  }
}

function checkValidFrom(request: heidrun.SetPricingConfigRequest, now: Date): void {
  const aheadMs = (request.validFrom ?? now).getTime() - now.getTime();
  // A second of grace for clocks that differ.
  if (aheadMs < -1_000 || aheadMs > YEAR_MS) {
    throw invalidInput([{ field: 'valid_from', description: 'must lie between now and a year ahead' }]);
  }
}

function auditedPrice(stored: StoredPrice, { identity, requestId }: CallContext): NewAuditRecord {
  const { providerId, model, version, price, ownerId, networkId, validFrom, createdAt } = stored;
  return {
    occurredAt: createdAt,
    ...auditCaller(identity),
    networkId,
    action: 'price.set',
    subject: `price:${providerId}/${model}`,
    requestId,
    details: { ...price, version, ownerId, validFrom },
  };
}

function priceChanged(stored: StoredPrice) {
  const { providerId, model, version, price, ownerId, networkId } = stored;
  return {
    subject: `price:${providerId}/${model}`,
    type: 'heidrun.price.changed',
    payload: {
      provider_id: providerId,
      model,
      price_version: version,
      price_cents: price.priceCents,
      output_price_cents: price.outputPriceCents,
      price_unit_tokens: price.unitTokens,
      valid_from: stored.validFrom,
      user_id: ownerId,
      network_id: networkId,
    },
    occurredAt: stored.createdAt,
  };
}
