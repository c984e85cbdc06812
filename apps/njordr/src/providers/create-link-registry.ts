import { commonFaults, Fault } from '@edda/faults';
import { njordr } from '@edda/contracts';
import { inTransaction } from '@edda/pg-kit';
import { njordrFaults } from '../faults.ts';
import { type HelloContext, type LinkRegistry } from '../link/link-registry.ts';
import { type LineBoard } from '../replicas/line-board.ts';
import { configurationOf, parseHello } from './hello-schema.ts';
import { type LineRecorder } from './line-recorder.ts';
import { type ProviderDeps } from './provider-deps.ts';
import { type ProviderRow } from './provider-row.ts';
import { findDevice, findProvider } from './provider-store.ts';
import { storeRegistration } from './register-provider.ts';

export interface RegistryDeps extends Pick<
  ProviderDeps,
  'pool' | 'clock' | 'settings' | 'board' | 'workflow' | 'newId'
> {
  lines: Pick<LineBoard, 'setOwn'>;
  recorder: LineRecorder;
  /** Remembers the models an agent serves, for its connection test. */
  served: Map<string, readonly string[]>;
}

/** Lets devices in: finds the provider of a Hello, or registers it. */
export function createLinkRegistry(deps: RegistryDeps): LinkRegistry {
  const { pool, clock, board } = deps;

  async function find({ providerId, deviceId, ownerId, networkId }: HelloContext): Promise<ProviderRow | undefined> {
    const row = providerId === '' ? await findDevice(pool, networkId, deviceId) : await findProvider(pool, providerId);
    const own = row?.ownerId === ownerId && row.networkId === networkId;
    if (own || (row === undefined && providerId === '')) return row;
    throw commonFaults.NOT_FOUND('There is no such provider.');
  }
  async function register(context: HelloContext): Promise<ProviderRow | undefined> {
    const { ownerId, networkId, deviceId, hello } = context;
    const configuration = configurationOf(hello, deviceId);
    const registration = { ownerId, networkId, deviceId, configuration, agentVersion: hello.agentVersion };
    const providerId = await inTransaction(pool, (client) =>
      storeRegistration(deps, client, { ...registration, payoutVerified: false }, clock.now()),
    );
    return findProvider(pool, providerId);
  }
  /** A device may introduce itself over two streams at once: only one of them registers it. */
  function foundAfter(error: unknown, context: HelloContext): Promise<ProviderRow | undefined> {
    if (error instanceof Fault && error.reason === 'PROVIDER_ALREADY_REGISTERED') return find(context);
    throw error;
  }

  return {
    async greet(context) {
      parseHello(context.hello, context.deviceId);
      const row = (await find(context)) ?? (await register(context).catch((error) => foundAfter(error, context)));
      if (row === undefined) throw commonFaults.NOT_FOUND('There is no such provider.');
      if (row.status === 'SUSPENDED') {
        throw njordrFaults.PROVIDER_SUSPENDED(
          row.statusReason === '' ? 'The provider is suspended.' : row.statusReason,
        );
      }
      if (row.status === 'UNREGISTERED') throw njordrFaults.PROVIDER_UNREGISTERED('The provider was unregistered.');
      board.publish(row);
      return { providerId: row.providerId, status: njordr.ProviderStatus[row.status] };
    },
    connected(providerId, hello) {
      const models = hello.models.map(({ model }) => model);
      deps.served.set(providerId, models);
      deps.lines.setOwn(providerId, { connected: true, served: models, capacity: hello.capacity });
      deps.recorder.note(providerId, { connected: true, agentVersion: hello.agentVersion });
      deps.workflow.resume(providerId, true);
    },
    statusOf: (providerId) => board.statusOf(providerId),
  };
}
