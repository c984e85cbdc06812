import { createHash } from 'node:crypto';
import { heidrun, njordr, nornen } from '@edda/contracts';
import { inTransaction } from '@edda/pg-kit';
import { type Clock } from '@edda/telemetry';
import { type Pool } from 'pg';
import { type LinkHub } from '../link/link-hub.ts';
import { payoutReadiness } from './payout-readiness.ts';
import { type ProviderEvent, providerMachine } from './provider-machine.ts';
import { type ProviderPeers } from './provider-peers.ts';
import { priceOf, type ProviderRow } from './provider-row.ts';
import { type ProviderSettings } from './provider-settings.ts';
import { changeProvider, countOwned, type ProviderChange, savePrice } from './provider-store.ts';
import { type RegistrationStep } from './registration-step.ts';
import { wantedPrices, type WantedPrice } from './wanted-prices.ts';

export interface StepDeps {
  pool: Pool;
  clock: Clock;
  settings: () => ProviderSettings;
  peers: ProviderPeers;
  hub: Pick<LinkHub, 'probe'>;
  /** The model of a connection test: the first one the agent serves now. */
  testModel: (row: ProviderRow) => string;
}

/** Does one step. @returns whether the next one may follow at once; false waits for something outside */
export type StepRunner = (row: ProviderRow) => Promise<boolean>;

const TEST_PROMPT = 'Reply with the single word: ready.';

/** The steps of a registration; each may be repeated after a crash without doing anything twice. */
export function createRegistrationSteps(deps: StepDeps): Readonly<Record<RegistrationStep, StepRunner>> {
  const { pool, clock, peers, settings } = deps;
  const change = (row: ProviderRow, values: ProviderChange, type: string, reason?: string) =>
    inTransaction(pool, (client) =>
      changeProvider(client, row, values, { type, now: clock.now(), ...(reason !== undefined && { reason }) }),
    );
  const move = (row: ProviderRow, event: ProviderEvent, values: ProviderChange, type: string, reason = '') => {
    const status = providerMachine.next(row.status, event);
    return change(
      row,
      { ...values, status, status_reason: reason, status_reason_code: values.status_reason_code ?? '' },
      type,
      reason,
    );
  };

  return {
    async payout(row) {
      const { ready, reason } = await payoutReadiness(peers, row);
      const cleared = { status_reason: '', status_reason_code: '' };
      if (ready) return change(row, { payout_verified: true, ...cleared }, 'provider.payout_verified');
      if (row.statusReasonCode !== 'PAYOUT_METHOD_REQUIRED') {
        const values = { status_reason: reason, status_reason_code: 'PAYOUT_METHOD_REQUIRED' };
        await change(row, values, 'provider.payout_missing', reason);
      }
      return false;
    },
    async price(row) {
      for (const price of wantedPrices(row)) {
        const { config } = await peers.pricing.setPricingConfig(pricingRequest(row, price));
        const stored = { ...price, priceVersion: config?.priceVersion ?? 0n };
        await savePrice(pool, row.providerId, stored, clock.now());
      }
      return true;
    },
    async test(row) {
      const { connectionTestTimeoutMs, connectionTestTokens } = settings();
      const probe = {
        kind: njordr.ProbeKind.CONNECTION,
        model: deps.testModel(row),
        prompt: TEST_PROMPT,
        continueFrom: '',
        maxOutputTokens: BigInt(connectionTestTokens),
      };
      const result = await deps.hub.probe(row.providerId, probe, connectionTestTimeoutMs);
      const detail =
        result.error === '' && result.output === '' ? 'the answer was empty' : result.error.slice(0, 1_000);
      const passed = detail === '';
      const outcome: ProviderChange = {
        test_passed: passed,
        test_latency_ms: result.latencyMs,
        test_ttft_ms: result.ttftMs,
        tested_at: clock.now(),
        test_detail: detail,
        status_reason: passed ? '' : `The connection test failed: ${detail}.`,
        status_reason_code: passed ? '' : 'CONNECTION_TEST_FAILED',
      };
      return (await change(row, outcome, 'provider.tested', detail)) && passed;
    },
    async decide(row) {
      const owned = await countOwned(pool, row.ownerId, row.networkId);
      const { decision } = await peers.decisions.decideProviderRegistration(decisionRequest(row, owned));
      const { decisionId = '', reason = '', reasonCode = '', outcome } = decision ?? {};
      const values = { decision_id: decisionId, status_reason_code: reasonCode };
      if (outcome === nornen.DecisionOutcome.APPROVED) {
        return move(row, 'approve', { ...values, status_reason_code: '' }, 'provider.approved');
      }
      if (outcome === nornen.DecisionOutcome.DENIED) return move(row, 'reject', values, 'provider.rejected', reason);
      const review = { ...values, status_reason: reason, status_reason_code: 'IN_REVIEW' };
      return change(row, review, 'provider.in_review', reason);
    },
    activate: (row) => move(row, 'activate', {}, 'provider.activated'),
  };
}

function pricingRequest(row: ProviderRow, price: WantedPrice): heidrun.SetPricingConfigRequest {
  const known = row.prices.find(({ model }) => model === price.model)?.priceVersion ?? 0n;
  const { model, priceCents, outputPriceCents, unitTokens } = price;
  // The version it follows is part of the key: the same price set again later is another change.
  const content = [row.providerId, model, priceCents, outputPriceCents ?? '', unitTokens, known].join('\n');
  return heidrun.SetPricingConfigRequest.fromPartial({
    idempotencyKey: `price-${createHash('sha256').update(content).digest('hex')}`,
    providerId: row.providerId,
    ownerId: row.ownerId,
    networkId: row.networkId,
    model,
    priceCents,
    outputPriceCents,
    priceUnitTokens: unitTokens,
  });
}

function decisionRequest(row: ProviderRow, owned: number): nornen.DecideProviderRegistrationRequest {
  const { configuration } = row;
  return nornen.DecideProviderRegistrationRequest.fromPartial({
    idempotencyKey: `registration-${row.providerId}-${row.submission}`,
    providerId: row.providerId,
    deviceId: row.deviceId,
    ownerId: row.ownerId,
    networkId: row.networkId,
    models: configuration.models.map(({ model, contextLength }) => {
      const price = priceOf(row, model);
      return {
        model,
        contextLength,
        priceCents: price?.priceCents ?? 0n,
        outputPriceCents: price?.outputPriceCents,
        priceUnitTokens: price?.unitTokens ?? 1_000n,
      };
    }),
    maxParallelRequests: configuration.capacity?.maxParallelRequests ?? 1,
    connectionPassed: row.testPassed === true,
    latencyMs: row.testLatencyMs ?? 0,
    payoutVerified: row.payoutVerified,
    ownerProviderCount: Math.max(0, owned - 1),
    sharedPublicly: row.sharing === 'public',
    agentVersion: row.agentVersion,
  });
}
