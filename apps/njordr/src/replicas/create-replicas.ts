import { hostname } from 'node:os';
import { type njordr } from '@edda/contracts';
import { type Handlers } from '@edda/grpc-kit';
import { type RedisKit } from '@edda/redis-kit';
import { type Clock, type Logger, type Metrics } from '@edda/telemetry';
import { type Pool } from 'pg';
import { type LinkHubControl } from '../link/create-link-hub.ts';
import { type JobHandle, type JobSpec, type LinkHub } from '../link/link-hub.ts';
import { failedJob } from '../link/provider-line.ts';
import { type LinkSettings } from '../link/link-settings.ts';
import { startPeriodic } from '../periodic.ts';
import { type ProviderDirectoryControl } from '../providers/create-provider-directory.ts';
import { createReplicaHandlers } from './create-replica-handlers.ts';
import { createLineBoard, type LineBoard } from './line-board.ts';
import { createPeerLink, type PeerLink, type ReplicaClient } from './peer-link.ts';
import { lostLine } from './remote-job.ts';
import { createRemoteJobs } from './remote-jobs.ts';
import { type ReplicaSettings } from './replica-settings.ts';
import { forgetLines, forgetOthers, forgetReplica, listOthers, noteReplica, sweepReplicas } from './replica-store.ts';

export interface ReplicasDeps {
  replicaId: string;
  pool: Pool;
  hub: LinkHubControl;
  directory: ProviderDirectoryControl;
  redis: Pick<RedisKit, 'bus' | 'shared'>;
  /** Opens a client of another replica, which is closed here. */
  connect: (address: string) => ReplicaClient;
  settings: () => { link: LinkSettings; replicas: ReplicaSettings };
  clock: Clock;
  logger: Logger;
  metrics: Metrics;
}

/** This replica among its like: where each provider's line is, and jobs across. */
export interface Replicas {
  readonly board: LineBoard;
  /** Lines of all replicas as if they were one hub's. */
  readonly hub: Pick<LinkHub, 'isConnected' | 'dispatch'>;
  readonly handlers: Handlers<typeof njordr.ReplicaServiceService>;
  /** Other replicas whose lines are known now. */
  readonly connectedPeers: number;
  /** Once the server listens. @param port of it */
  start(listening: { host: string; port: number }): Promise<void>;
  close(): Promise<void>;
}

const TOPIC = 'replicas';
const MISSED_HEARTBEATS = 5;

export function createReplicas(deps: ReplicasDeps): Replicas {
  const { replicaId, pool, hub, directory, redis, settings, clock, metrics } = deps;
  const logger = deps.logger.module('replicas');
  const board = createLineBoard({
    setLine: (providerId, line) => directory.setLine(providerId, line),
    onReplaced: (providerId, epoch) => hub.replaced(providerId, epoch),
  });
  /** Every job of a line here passes this point, for whatever replica it runs. */
  const dispatchHere = (job: JobSpec, providerId: string): JobHandle => {
    if (!hub.isConnected(providerId) || directory.countJob(providerId)) return hub.dispatch(job, providerId);
    return failedJob({ type: 'failed', errorClass: 'no-capacity', message: 'the provider is at its owner’s limit' });
  };
  const jobs = createRemoteJobs({ hub: { dispatch: dispatchHere }, directory });
  const peers = new Map<string, PeerLink>();
  const state = { address: '', looking: undefined as Promise<void> | undefined, again: false };
  let beating: ReturnType<typeof startPeriodic> | undefined;
  let stopListening: (() => void) | undefined;
  metrics.gauge({
    name: 'edda_njordr_replicas_connected',
    help: 'Other replicas whose lines are known.',
    collect: (gauge) => gauge.set(connectedPeers()),
  });
  const connectedPeers = () => [...peers.values()].filter(({ connected }) => connected).length;

  const open = (peerId: string, address: string): PeerLink =>
    createPeerLink({
      ...{ ownId: replicaId, peerId, board, logger, client: deps.connect(address) },
      lostAfterMs: () => MISSED_HEARTBEATS * settings().replicas.heartbeatIntervalMs,
      job: () => ({ settings: settings().link, unread: hub.unread, now: () => clock.now().getTime() }),
    });
  /** Opens and closes links, so that they are those of the replicas that live. */
  async function look(): Promise<void> {
    const others = new Map((await listOthers(pool, replicaId)).map((other) => [other.replicaId, other.address]));
    for (const [peerId, address] of others) if (!peers.has(peerId)) peers.set(peerId, open(peerId, address));
    for (const [peerId, peer] of peers) {
      if (others.has(peerId)) continue;
      peers.delete(peerId);
      await peer.close();
    }
  }
  async function beat(): Promise<void> {
    await noteReplica(pool, { replicaId, address: state.address });
    await sweepReplicas(pool, replicaId);
    await lookOnce();
  }
  /** One look at a time; what is asked for meanwhile is done after it. */
  function lookOnce(): Promise<void> {
    if (state.looking !== undefined) {
      state.again = true;
      return state.looking;
    }
    state.looking = (async () => {
      do {
        state.again = false;
        await look();
      } while (state.again);
    })().finally(() => (state.looking = undefined));
    return state.looking;
  }
  const lookSoon = (): void => {
    lookOnce().catch((error: unknown) => logger.warn({ err: error }, 'replicas could not be read; trying again'));
  };

  return {
    board,
    handlers: createReplicaHandlers({
      ...{ board, directory, jobs, now: () => clock.now().getTime() },
      heartbeatIntervalMs: () => settings().replicas.heartbeatIntervalMs,
    }),
    hub: {
      isConnected: (providerId) => hub.isConnected(providerId) || board.elsewhere(providerId) !== undefined,
      dispatch(job, providerId) {
        const peerId = board.elsewhere(providerId);
        if (peerId === undefined) return dispatchHere(job, providerId);
        return peers.get(peerId)?.dispatch(job, providerId) ?? lostLine();
      },
    },
    get connectedPeers() {
      return connectedPeers();
    },
    async start(listening) {
      if (!redis.shared) return forgetOthers(pool, replicaId);
      state.address = settings().replicas.address ?? addressOf(listening);
      await beat();
      await forgetLines(pool, replicaId);
      stopListening = redis.bus.subscribe(TOPIC, { onMessage: lookSoon, onSync: lookSoon });
      await redis.bus.publish(TOPIC, replicaId);
      beating = startPeriodic({
        name: 'replicas',
        intervalMs: () => settings().replicas.heartbeatIntervalMs,
        run: beat,
        logger,
      });
    },
    async close() {
      stopListening?.();
      await beating?.stop();
      await state.looking?.catch(() => undefined);
      await Promise.all([...peers.values()].map((peer) => peer.close()));
      peers.clear();
      if (state.address === '') return;
      await forgetReplica(pool, replicaId).catch((error: unknown) =>
        logger.warn({ err: error }, 'this replica stays listed until the others forget it'),
      );
      await redis.bus.publish(TOPIC, replicaId);
    },
  };
}

const everywhere: ReadonlySet<string> = new Set(['0.0.0.0', '::', '[::]']);

function addressOf({ host, port }: { host: string; port: number }): string {
  const name = everywhere.has(host) ? hostname() : host;
  return name.includes(':') && !name.startsWith('[') ? `[${name}]:${port}` : `${name}:${port}`;
}
