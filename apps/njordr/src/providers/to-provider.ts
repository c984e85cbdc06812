import { njordr } from '@edda/contracts';
import { priceOf, type ProviderRow } from './provider-row.ts';
import { isOwn, type Viewer } from './visibility.ts';

/** What is known of a provider's present load. */
export interface LiveState {
  connected: boolean;
  activeJobs: number;
  /** Undefined while it has no line; what is stored counts then. */
  lastHeardAt: Date | undefined;
}

export function availabilityOf(row: ProviderRow, live: LiveState): njordr.ProviderAvailability {
  const { ProviderAvailability: A } = njordr;
  if (row.paused) return A.MAINTENANCE;
  if (!live.connected || row.status === 'INACTIVE' || row.status === 'UNREGISTERED') return A.OFFLINE;
  const capacity = row.configuration.capacity?.maxParallelRequests ?? 1;
  return live.activeJobs >= capacity ? A.BUSY : A.AVAILABLE;
}

/** A provider as the viewer may see it: strangers get what the market shows, not how the owner runs it. */
export function toProvider(row: ProviderRow, live: LiveState, viewer: Viewer): njordr.Provider {
  const full = viewer.all || isOwn(row, viewer);
  const shown = njordr.Provider.fromPartial({
    providerId: row.providerId,
    deviceId: row.deviceId,
    networkId: full || row.networkId === viewer.networkId ? row.networkId : '',
    status: njordr.ProviderStatus[row.status],
    availability: availabilityOf(row, live),
    configuration: { ...row.configuration, models: modelsOf(row) },
    activeJobs: live.activeJobs,
    priceVersion: row.prices.find(({ model }) => model === '')?.priceVersion ?? 0n,
    version: row.version,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    payoutVerified: row.payoutVerified,
  });
  if (!full) return { ...shown, configuration: withoutPrivate(shown.configuration) };
  return {
    ...shown,
    ownerId: row.ownerId,
    decisionId: row.decisionId,
    statusReason: row.statusReason,
    statusReasonCode: row.statusReasonCode,
    connectionTest: testOf(row),
    lastSeenAt: live.lastHeardAt ?? row.lastSeenAt ?? undefined,
    agentVersion: row.agentVersion,
  };
}

function modelsOf(row: ProviderRow): njordr.ModelOffer[] {
  return row.configuration.models.map((offer) => ({
    ...offer,
    priceVersion: priceOf(row, offer.model)?.priceVersion ?? 0n,
  }));
}

function testOf(row: ProviderRow): njordr.ConnectionTest | undefined {
  if (row.testPassed === null) return undefined;
  return {
    passed: row.testPassed,
    latencyMs: row.testLatencyMs ?? 0,
    ttftMs: row.testTtftMs ?? 0,
    testedAt: row.testedAt ?? undefined,
    detail: row.testDetail,
  };
}

function withoutPrivate(
  configuration: njordr.ProviderConfiguration | undefined,
): njordr.ProviderConfiguration | undefined {
  if (configuration?.sharing === undefined) return configuration;
  return { ...configuration, sharing: { ...configuration.sharing, trustedNetworkIds: [] } };
}
