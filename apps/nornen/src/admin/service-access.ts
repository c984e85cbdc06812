import { health, settings as contract } from '@edda/contracts';
import { type CallContext, type Identity } from '@edda/grpc-kit';
import { type ServedSettings, type ServiceBase } from '@edda/service-kit';
import { type NornenSettings } from '../settings.ts';
import { type ServiceName, serviceNames } from './service-names.ts';

/** Who wants something of a service, and how long it may take. */
export interface Asking {
  call: Pick<CallContext, 'identity' | 'requestId'>;
  /** Longest wait, ms. */
  deadlineMs: number;
}

/** What Nornen may ask one service. Everything rejects with a Fault. */
export interface ServiceAccess {
  /** Whether it takes calls. */
  serving(asking: Asking): Promise<boolean>;
  getSettings(request: contract.GetSettingsRequest, asking: Asking): Promise<contract.GetSettingsResponse>;
  /** On behalf of the caller. */
  updateSettings(request: contract.UpdateSettingsRequest, asking: Asking): Promise<contract.UpdateSettingsResponse>;
}

export type ServiceAccesses = Readonly<Record<ServiceName, ServiceAccess>>;

const { updateSettings } = contract.SettingsServiceService;

/** Every service of the market; this one is asked without a network between. */
export function createServiceAccess(
  base: Pick<ServiceBase, 'peerAt'>,
  settings: () => NornenSettings['peers'],
  own: Pick<ServedSettings, 'getSettings' | 'updateSettings'>,
): ServiceAccesses {
  const accessOf = (name: ServiceName) => (name === 'nornen' ? ownAccess(own) : peerAccess(base, name, settings));
  return Object.fromEntries(serviceNames.map((name) => [name, accessOf(name)])) as Record<ServiceName, ServiceAccess>;
}

/** The admin as whoever is acted for: every service then audits the same two names. */
const actingFor = ({ subject, networkId, expiresAt }: Identity): Identity => ({
  ...{ subject, networkId, roles: new Set(['user']), actor: { subject: 'nornen' } },
  ...(expiresAt && { expiresAt }),
});

function ownAccess(own: Pick<ServedSettings, 'getSettings' | 'updateSettings'>): ServiceAccess {
  return {
    serving: () => Promise.resolve(true),
    getSettings: (request) => own.getSettings(request),
    updateSettings: (request, { call: { identity, requestId } }) =>
      own.updateSettings(request, { identity: actingFor(identity), requestId, method: updateSettings.path }),
  };
}

function peerAccess(
  base: Pick<ServiceBase, 'peerAt'>,
  name: Exclude<ServiceName, 'nornen'>,
  settings: () => NornenSettings['peers'],
): ServiceAccess {
  // How a service is now is what counts: nothing is remembered of failures, nothing retried behind the caller's back.
  const options = { tls: settings().tls, retries: false, breaker: false } as const;
  const address = () => settings()[name];
  const client = base.peerAt(contract.SettingsServiceService, address, options);
  const healthClient = base.peerAt(health.HealthService, address, options);
  return {
    async serving({ deadlineMs }) {
      const { status } = await healthClient().check({ service: '' }, { deadlineMs });
      return status === health.HealthCheckResponse_ServingStatus.SERVING;
    },
    getSettings: (request, { deadlineMs }) => client().getSettings(request, { deadlineMs }),
    updateSettings(request, { call: { identity, requestId }, deadlineMs }) {
      const { subject, networkId } = identity;
      return client().updateSettings(request, { deadlineMs, requestId, actAs: { subject, networkId } });
    },
  };
}
