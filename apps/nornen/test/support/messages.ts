import { randomUUID } from 'node:crypto';
import { common, nornen } from '@edda/contracts';

/** A registration nothing speaks against. */
export function registration(
  change: Partial<nornen.DecideProviderRegistrationRequest> = {},
): nornen.DecideProviderRegistrationRequest {
  return {
    idempotencyKey: randomUUID(),
    providerId: 'provider-1',
    deviceId: 'device-1',
    ownerId: 'owner-1',
    networkId: 'net-1',
    models: [
      { model: 'llama', contextLength: 8_192n, priceCents: 3n, outputPriceCents: undefined, priceUnitTokens: 1_000n },
    ],
    maxParallelRequests: 2,
    connectionPassed: true,
    latencyMs: 40,
    payoutVerified: true,
    ownerProviderCount: 0,
    sharedPublicly: true,
    agentVersion: '1.0.0',
    ...change,
  };
}

/** A compute request nothing speaks against. */
export function computeRequest(change: Partial<nornen.DecideRequestRequest> = {}): nornen.DecideRequestRequest {
  return {
    idempotencyKey: randomUUID(),
    requestId: 'request-1',
    requesterId: 'user-1',
    networkId: 'net-1',
    model: 'llama',
    estimatedInputTokens: 100n,
    outputBudgetTokens: 200n,
    estimatedCostCents: 1n,
    maxCostCents: 10n,
    activeRequests: 0,
    ownNetworkOnly: false,
    paymentVerified: undefined,
    blocked: undefined,
    ...change,
  };
}

/** An event of a transaction of user-1. */
export function event(change: Partial<common.Event> = {}): common.Event {
  return common.Event.fromPartial({
    eventId: randomUUID(),
    subject: 'transaction:t1',
    sequence: 1n,
    type: 'njordr.transaction.completed',
    service: 'njordr',
    occurredAt: new Date('2026-11-21T06:00:00.000Z'),
    requestId: 'request-1',
    networkId: 'net-1',
    userId: 'user-1',
    providerId: 'provider-1',
    payloadJson: '{"total_cost_cents":4}',
    ...change,
  });
}

/** One batch per argument, as a stream. */
export async function* batches(...given: common.Event[][]): AsyncGenerator<nornen.IngestEventsRequest> {
  for (const events of given) yield { events };
}

/** A list request that asks for everything. */
export const allDecisions = nornen.ListDecisionsRequest.fromPartial({});
export const allEvents = nornen.QueryHistoryRequest.fromPartial({});
