import { randomUUID } from 'node:crypto';
import { type njordr } from '@edda/contracts';
import { type Handlers } from '@edda/grpc-kit';
import { type RedisKit } from '@edda/redis-kit';
import { type Clock, type Logger, type Metrics } from '@edda/telemetry';
import { type Pool } from 'pg';
import { createLinkHandlers } from '../link/create-link-handlers.ts';
import { createLinkHub, type LinkHubControl } from '../link/create-link-hub.ts';
import { type LinkSettings } from '../link/link-settings.ts';
import { createLinkRegistry } from './create-link-registry.ts';
import { createProviderDirectory, type ProviderDirectoryControl } from './create-provider-directory.ts';
import { createProviderHandlers, type ProviderHandlers } from './create-provider-handlers.ts';
import { createLineRecorder } from './line-recorder.ts';
import { createPayoutWatch } from './payout-watch.ts';
import { createProviderBoard } from './provider-board.ts';
import { type ProviderPeers } from './provider-peers.ts';
import { createReplicas, type Replicas, type ReplicasDeps } from '../replicas/create-replicas.ts';
import { type ReplicaSettings } from '../replicas/replica-settings.ts';
import { type ProviderSettings } from './provider-settings.ts';
import { findByStatus } from './provider-store.ts';
import { watchDailyTokens } from './watch-daily-tokens.ts';
import { createRegistrationWorkflow, type RegistrationWorkflow } from './registration-workflow.ts';
import { shareProviderChanges } from './share-provider-changes.ts';

export interface ProvidersDeps {
  pool: Pool;
  clock: Clock;
  logger: Logger;
  metrics: Metrics;
  /** Tells the other replicas of changes. */
  redis: Pick<RedisKit, 'bus' | 'shared' | 'up'>;
  /** The settings in force, e.g. `settings.current`. */
  settings: () => { link: LinkSettings; providers: ProviderSettings; replicas: ReplicaSettings };
  peers: ProviderPeers;
  /** Opens a client of another replica. */
  connect: ReplicasDeps['connect'];
  newId?: () => string;
  /** @throws OUTBOX_FULL */
  assertCapacity: () => void;
}

/** Everything about providers, wired: what routing reads and the handlers of both services. */
export interface Providers {
  readonly hub: LinkHubControl;
  readonly directory: ProviderDirectoryControl;
  readonly workflow: RegistrationWorkflow;
  readonly providerHandlers: ProviderHandlers;
  readonly linkHandlers: Handlers<typeof njordr.ProviderLinkService>;
  readonly replicas: Replicas;
  /** Reads what other replicas changed. */
  resync(): Promise<void>;
  /** Loads the directory and goes on with unfinished registrations; before the server listens. */
  start(): Promise<void>;
  /** After the server and all requests have ended. */
  close(): Promise<void>;
}

const REFRESH_MS = 5_000;

export function createProviders(deps: ProvidersDeps): Providers {
  const { pool, clock, logger, metrics, peers, newId = randomUUID } = deps;
  const settings = () => deps.settings().providers;
  const directory = createProviderDirectory({ clock, settings });
  const listed = createProviderBoard(directory);
  const hub = createLinkHub({ clock, logger, metrics, settings: () => deps.settings().link });
  const board = shareProviderChanges({
    ...{ pool, board: listed, redis: deps.redis, logger },
    disconnect: (providerId, reason, message) => hub.disconnect(providerId, reason, message),
  });
  const replicaId = randomUUID();
  const replicas = createReplicas({
    ...{ replicaId, pool, hub, directory, clock, logger, metrics },
    ...{ redis: deps.redis, connect: deps.connect, settings: deps.settings },
  });
  const lines = replicas.board;
  const recorder = createLineRecorder({ pool, replicaId, clock, logger });
  const served = new Map<string, readonly string[]>();
  const workflow = createRegistrationWorkflow({
    pool,
    clock,
    logger,
    settings,
    peers,
    hub,
    board,
    testModel({ providerId, configuration }) {
      const names = configuration.models.map(({ model }) => model);
      return names.find((name) => served.get(providerId)?.includes(name)) ?? names[0] ?? '';
    },
  });
  const payouts = createPayoutWatch({
    pool,
    clock,
    logger,
    peers,
    board,
    intervalMs: () => settings().payoutRecheckMs,
  });
  const registry = createLinkRegistry({ pool, clock, settings, board, workflow, newId, lines, recorder, served });
  const unsubscribe = hub.onStatus(({ providerId, epoch, connected, draining }) => {
    lines.setOwn(providerId, { epoch, connected, draining });
    if (!connected) recorder.note(providerId, { connected });
  });
  let timer: NodeJS.Timeout | undefined;
  let tokens: ReturnType<typeof watchDailyTokens> | undefined;

  return {
    hub,
    directory,
    replicas,
    workflow,
    providerHandlers: createProviderHandlers({
      ...{ pool, clock, settings, peers, directory, board, workflow, newId },
      assertCapacity: deps.assertCapacity,
      hub: {
        isConnected: (providerId) => replicas.hub.isConnected(providerId),
        disconnect: (providerId, reason, message) => hub.disconnect(providerId, reason, message),
        lastHeardAt: (providerId) => hub.lastHeardAt(providerId),
      },
    }),
    linkHandlers: createLinkHandlers({ hub, registry, clock, logger, metrics, settings: deps.settings }),
    resync: () => board.resync(),
    async start() {
      for (const row of await findByStatus(pool, ['ACTIVE'])) listed.publish(row);
      workflow.start();
      payouts.start();
      hub.start();
      tokens = watchDailyTokens({ pool, directory, clock, logger });
      timer = setInterval(() => directory.refresh(), REFRESH_MS).unref();
    },
    async close() {
      clearInterval(timer);
      hub.close();
      await tokens?.stop();
      await workflow.close();
      await board.close();
      await payouts.close();
      unsubscribe();
      await recorder.flush();
      await replicas.close();
    },
  };
}
