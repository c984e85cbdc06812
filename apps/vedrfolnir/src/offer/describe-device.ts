import { cpus, hostname, release, totalmem, type } from 'node:os';
import { njordr } from '@edda/contracts';
import { type AgentSettings } from '../settings.ts';
import { toPrice, type Offers } from './make-offers.ts';

/** This program's version, as the market shows it. */
export const AGENT_VERSION = '1.0.0';

/** The device's id: the configured one, else the host name. */
export function deviceIdOf(settings: Pick<AgentSettings, 'provider'>): string {
  return settings.provider.deviceId || hostname();
}

/** What a device says of itself when it connects. */
export function makeHello(settings: AgentSettings, offers: Offers, runningJobIds: string[]): njordr.Hello {
  const { provider } = settings;
  return {
    deviceId: deviceIdOf(settings),
    agentVersion: AGENT_VERSION,
    displayName: provider.displayName,
    models: offers.models,
    capacity: provider.capacity,
    hardware: hardwareOf(settings),
    price: toPrice(provider.price),
    sharing: sharingOf(settings),
    runningJobIds,
  };
}

/** What a device is registered with. */
export function makeConfiguration(settings: AgentSettings, offers: Offers): njordr.ProviderConfiguration {
  const { provider } = settings;
  return {
    displayName: provider.displayName || deviceIdOf(settings),
    models: offers.models,
    price: toPrice(provider.price),
    capacity: { maxParallelRequests: provider.capacity, maxRequestsPerMinute: 0, maxTokensPerDay: 0n },
    hardware: hardwareOf(settings),
    availability: { accepting: true, windows: [], timeZone: '' },
    sharing: sharingOf(settings),
    quality: { targetTtftMs: 0, maxJobDurationMs: 0, maxInputTokens: 0n, periodicProbes: true },
  };
}

function hardwareOf({ provider, upstream }: AgentSettings): njordr.HardwareSpecs {
  const processors = cpus();
  return {
    gpus: provider.gpus.map((gpu) => ({ name: gpu.name, memoryBytes: BigInt(gpu.memoryBytes) })),
    memoryBytes: BigInt(totalmem()),
    cpu: (processors[0]?.model ?? '').trim().slice(0, 200),
    cpuCores: processors.length,
    os: `${type()} ${release()}`.slice(0, 100),
    runtime: upstream.kind === 'builtin' ? 'builtin' : upstream.openai.runtime || 'openai',
  };
}

const scopes = {
  'own-network': njordr.SharingScope.OWN_NETWORK,
  trusted: njordr.SharingScope.TRUSTED,
  public: njordr.SharingScope.PUBLIC,
} as const;

function sharingOf({ provider }: AgentSettings): njordr.SharingSettings {
  return { scope: scopes[provider.sharing], trustedNetworkIds: provider.trustedNetworks };
}
