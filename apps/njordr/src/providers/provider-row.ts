import { njordr } from '@edda/contracts';
import { type SharingScope } from './provider-directory.ts';
import { type ProviderState } from './provider-machine.ts';

/** A price as Heidrun has confirmed it. */
export interface StoredPrice {
  /** '' is the price of every model without its own. */
  model: string;
  priceCents: bigint;
  outputPriceCents: bigint | undefined;
  unitTokens: bigint;
  priceVersion: bigint;
}

/** A provider as stored, with its prices. */
export interface ProviderRow {
  providerId: string;
  deviceId: string;
  ownerId: string;
  networkId: string;
  status: ProviderState;
  statusReason: string;
  statusReasonCode: string;
  paused: boolean;
  connected: boolean;
  configuration: njordr.ProviderConfiguration;
  sharing: SharingScope;
  trustedNetworkIds: string[];
  submission: number;
  payoutVerified: boolean;
  testPassed: boolean | null;
  testLatencyMs: number | null;
  testTtftMs: number | null;
  testedAt: Date | null;
  testDetail: string;
  decisionId: string;
  agentVersion: string;
  lastSeenAt: Date | null;
  version: bigint;
  createdAt: Date;
  updatedAt: Date;
  prices: StoredPrice[];
}

/** The columns of a row, prices gathered into one JSON list (amounts as text, since JSON numbers would round). */
export const rowColumns = `
  p.provider_id AS "providerId", p.device_id AS "deviceId", p.owner_id AS "ownerId", p.network_id AS "networkId",
  p.status, p.status_reason AS "statusReason", p.status_reason_code AS "statusReasonCode", p.paused, p.connected,
  p.configuration, p.sharing, p.trusted_network_ids AS "trustedNetworkIds", p.submission,
  p.payout_verified AS "payoutVerified", p.test_passed AS "testPassed", p.test_latency_ms AS "testLatencyMs",
  p.test_ttft_ms AS "testTtftMs", p.tested_at AS "testedAt", p.test_detail AS "testDetail",
  p.decision_id AS "decisionId", p.agent_version AS "agentVersion", p.last_seen_at AS "lastSeenAt", p.version,
  p.created_at AS "createdAt", p.updated_at AS "updatedAt",
  (SELECT json_agg(json_build_object('model', q.model, 'priceCents', q.price_cents::text,
     'outputPriceCents', q.output_price_cents::text, 'unitTokens', q.unit_tokens::text,
     'priceVersion', q.price_version::text)) FROM provider_prices q WHERE q.provider_id = p.provider_id) AS prices`;

interface RawPrice {
  model: string;
  priceCents: string;
  outputPriceCents: string | null;
  unitTokens: string;
  priceVersion: string;
}

export type RawRow = Omit<ProviderRow, 'configuration' | 'prices'> & {
  configuration: unknown;
  prices: RawPrice[] | null;
};

export function toRow(raw: RawRow): ProviderRow {
  return {
    ...raw,
    configuration: njordr.ProviderConfiguration.fromJSON(raw.configuration),
    prices: (raw.prices ?? []).map((price) => ({
      model: price.model,
      priceCents: BigInt(price.priceCents),
      outputPriceCents: price.outputPriceCents === null ? undefined : BigInt(price.outputPriceCents),
      unitTokens: BigInt(price.unitTokens),
      priceVersion: BigInt(price.priceVersion),
    })),
  };
}

/** The confirmed price of a model: its own, else the provider's; undefined while there is none. */
export function priceOf(row: Pick<ProviderRow, 'prices'>, model: string): StoredPrice | undefined {
  return row.prices.find((price) => price.model === model) ?? row.prices.find((price) => price.model === '');
}
