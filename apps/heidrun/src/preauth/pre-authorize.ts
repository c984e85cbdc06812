import { common, enumName, type heidrun } from '@edda/contracts';
import { commonFaults, Fault } from '@edda/faults';
import { type CallContext } from '@edda/grpc-kit';
import { appendEvents, hashRequest, inTransaction } from '@edda/pg-kit';
import { type ClientBase } from 'pg';
import { holdCreated } from '../events/hold-events.ts';
import { heidrunFaults } from '../faults.ts';
import { callerOf } from '../ledger/visibility.ts';
import { availableOf } from '../ledger/account-balance.ts';
import { pricesInForce } from '../pricing/price-store.ts';
import { priceNotFound } from '../pricing/price-of.ts';
import { type StoredPrice } from '../pricing/stored-price.ts';
import { pin, toPinnedPrice } from './candidate.ts';
import { type Hold } from './hold.ts';
import { findHoldOfTransaction, insertHold, lockWallet } from './hold-store.ts';
import { planHold } from './plan-hold.ts';
import { type PreAuthDeps } from './pre-auth-deps.ts';
import { type HoldRequest, readHoldRequest } from './pre-authorize-request.ts';

/** PreAuthorize: holds the largest estimate over the candidates; once per transaction, whatever is repeated. */
export function createPreAuthorize(deps: PreAuthDeps) {
  return async (request: heidrun.PreAuthorizeRequest, ctx: CallContext): Promise<heidrun.PreAuthorizeResponse> => {
    deps.assertCapacity();
    const wanted = readHoldRequest(request, deps.counter, deps.holdTtlSeconds());
    const { idempotencyKey, ...content } = request;
    const origin = { caller: callerOf(ctx.identity), idempotencyKey, requestHash: hashRequest(content) };
    const { hold, replayed } = await inTransaction(
      deps.pool,
      (client) => holdOnce(deps, client, request, wanted, origin),
      { idempotent: true },
    );
    if (replayed) deps.metrics.replayed();
    else {
      deps.notify();
      deps.metrics.held();
      log(deps, hold);
    }
    return toResponse(hold, replayed);
  };
}

type Origin = Pick<Hold, 'caller' | 'idempotencyKey' | 'requestHash'>;

/**
 * An earlier hold of the transaction is looked for only where no new one can be made: the common path stays short, and
 * a repetition is answered even when the wallet, the prices or the payment method would not allow it any more. Of
 * parallel duplicates the wallet's lock lets one through; the others come here after its commit.
 */
async function holdOnce(
  deps: PreAuthDeps,
  client: ClientBase,
  request: heidrun.PreAuthorizeRequest,
  wanted: HoldRequest,
  origin: Origin,
): Promise<{ hold: Hold; replayed: boolean }> {
  try {
    return { hold: await holdAnew(deps, client, request, wanted, origin), replayed: false };
  } catch (error) {
    // Only what we decided ourselves leaves the transaction usable.
    const earlier = error instanceof Fault ? await findHoldOfTransaction(client, request.transactionId) : undefined;
    if (earlier === undefined) throw error;
    return { hold: sameRequest(earlier.hold, origin), replayed: true };
  }
}

async function holdAnew(
  deps: PreAuthDeps,
  client: ClientBase,
  request: heidrun.PreAuthorizeRequest,
  wanted: HoldRequest,
  origin: Origin,
): Promise<Hold> {
  const user = { networkId: request.networkId, userId: request.requesterId };
  const now = deps.clock.now();
  const ready = await deps.isReady(client, user, 'pay', now);
  const prices = await pinnedPrices(client, wanted, request.model, now);
  // Locked last, so that requests of one wallet wait for each other only over the write itself.
  const wallet = await lockWallet(client, user);
  if (wallet.frozen) throw accountFrozen();
  if (!ready) throw paymentMethodRequired();
  const plan = planHold({
    prices: prices.map(({ price }) => price),
    amount: wanted.amount,
    maxCostCents: wanted.maxCostCents,
    availableCents: availableOf(wallet),
  });
  const hold: Hold = {
    ...origin,
    id: deps.newId(),
    transactionId: request.transactionId,
    requestId: request.requestId,
    requesterId: request.requesterId,
    networkId: request.networkId,
    walletId: wallet.id,
    model: request.model,
    heldCents: plan.heldCents,
    inputTokens: wanted.input.tokens,
    outputBudgetTokens: plan.outputBudgetTokens,
    inputMethod: enumName(common.TokenMethod, wanted.input.method) ?? 'REPORTED',
    tokenizer: wanted.input.tokenizer,
    candidates: prices.map((stored, index) => pin(stored, plan.estimatesCents[index] ?? 0n)),
    commissionRateBps: deps.rateBps(),
    createdAt: now,
    expiresAt: new Date(now.getTime() + wanted.ttlSeconds * 1_000),
  };
  if (!(await insertHold(client, hold))) throw conflict('idempotency_key', 'was used for another transaction');
  await appendEvents(client, [holdCreated(hold)]);
  return hold;
}

function sameRequest(earlier: Hold, { requestHash }: Origin): Hold {
  if (earlier.requestHash === requestHash) return earlier;
  throw conflict('transaction_id', 'has a hold that was asked for with other content');
}

/** The candidates' prices in force, in their order, compared with what the ranking was made with. */
async function pinnedPrices(client: ClientBase, { candidates }: HoldRequest, model: string, now: Date) {
  const prices = await pricesInForce(
    client,
    candidates.map(({ providerId }) => providerId),
    model,
    now,
  );
  return candidates.map(({ providerId, priceVersion }, index): StoredPrice => {
    const stored = prices.get(providerId);
    if (stored === undefined) throw priceNotFound(providerId, model, `candidates.${index}.provider_id`);
    if (priceVersion !== 0n && priceVersion !== stored.version) {
      throw heidrunFaults.PRICE_VERSION_CHANGED(`the price of ${providerId} is now at version ${stored.version}`, {
        metadata: { provider_id: providerId, price_version: String(stored.version) },
        violations: [{ field: `candidates.${index}.price_version`, description: `is now ${stored.version}` }],
      });
    }
    return stored;
  });
}

function conflict(field: string, description: string): Error {
  return commonFaults.IDEMPOTENCY_CONFLICT(`${field} ${description}`, { violations: [{ field, description }] });
}

function paymentMethodRequired(): Error {
  return heidrunFaults.PAYMENT_METHOD_REQUIRED('the requester has no verified payment method', {
    violations: [{ field: 'requester_id', description: 'has no verified payment method' }],
  });
}

function accountFrozen(): Error {
  return heidrunFaults.ACCOUNT_FROZEN('the wallet takes no new holds', {
    violations: [{ field: 'requester_id', description: 'has a frozen wallet' }],
  });
}

function toResponse(hold: Hold, replayed: boolean): heidrun.PreAuthorizeResponse {
  return {
    preauthId: hold.id,
    estimatedCostCents: hold.heldCents,
    authorized: true,
    expiresAt: hold.expiresAt,
    outputBudgetTokens: hold.outputBudgetTokens,
    inputTokens: hold.inputTokens,
    inputMethod: common.TokenMethod[hold.inputMethod as keyof typeof common.TokenMethod],
    tokenizer: hold.tokenizer,
    pinnedPrices: hold.candidates.map(toPinnedPrice),
    commissionRateBps: hold.commissionRateBps,
    replayed,
  };
}

function log({ logger }: PreAuthDeps, hold: Hold): void {
  logger.info(
    {
      request_id: hold.requestId,
      transaction_id: hold.transactionId,
      preauth_id: hold.id,
      model: hold.model,
      input_tokens: hold.inputTokens,
      output_budget_tokens: hold.outputBudgetTokens,
      held_cents: hold.heldCents,
      providers: hold.candidates.map(({ providerId }) => providerId),
      expires_at: hold.expiresAt.toISOString(),
    },
    'held',
  );
}
