import { type njordr } from '@edda/contracts';
import { currentCall, type GrpcClient } from '@edda/grpc-kit';
import { type Logger } from '@edda/telemetry';
import { createReconnectingFeed } from '../feeds/reconnecting-feed.ts';
import { type JobHandle, type JobSpec } from '../link/link-hub.ts';
import { type LineBoard } from './line-board.ts';
import { createRemoteJob, type RemoteJob, type RemoteJobOptions } from './remote-job.ts';

export type ReplicaClient = Pick<GrpcClient<typeof njordr.ReplicaServiceService>, 'watchLines' | 'runJob' | 'close'>;

export interface PeerLinkDeps {
  /** This replica. */
  ownId: string;
  /** The other one. */
  peerId: string;
  client: ReplicaClient;
  board: Pick<LineBoard, 'setElsewhere' | 'forget'>;
  /** Silence for longer means that it is out of reach, ms. */
  lostAfterMs: () => number;
  job: () => Pick<RemoteJobOptions, 'settings' | 'unread' | 'now'>;
  logger: Logger;
}

/** Another replica: its lines, and the jobs it runs for this one. */
export interface PeerLink {
  /** Whether it tells of its lines now. */
  readonly connected: boolean;
  dispatch(job: JobSpec, providerId: string): JobHandle;
  close(): Promise<void>;
}

export function createPeerLink({ ownId, peerId, client, board, lostAfterMs, job, logger }: PeerLinkDeps): PeerLink {
  const jobs = new Set<RemoteJob>();
  const lose = (message: string): void => {
    board.forget(peerId);
    for (const each of [...jobs]) each.lose(message);
  };
  const feed = createReconnectingFeed<njordr.WatchLinesResponse>({
    name: `lines of replica ${peerId}`,
    logger,
    backoff: { baseMs: 100, capMs: 1_000 },
    async *connect(signal) {
      const silence = new AbortController();
      const stop = AbortSignal.any([signal, silence.signal]);
      let timer: NodeJS.Timeout | undefined;
      const heard = (): void => {
        clearTimeout(timer);
        timer = setTimeout(() => {
          lose('the replica with the provider’s line fell silent');
          silence.abort();
        }, lostAfterMs()).unref();
      };
      try {
        heard();
        for await (const message of client.watchLines({ replicaId: ownId }, { signal: stop, deadlineMs: Infinity })) {
          heard();
          yield message;
        }
      } finally {
        clearTimeout(timer);
        // Its running jobs have streams of their own, which end by themselves where it is gone.
        board.forget(peerId);
      }
    },
    take({ lines }) {
      for (const line of lines) board.setElsewhere(peerId, line.providerId, lineFrom(line, job().now()));
    },
  });
  feed.start();
  return {
    get connected() {
      return feed.connected();
    },
    dispatch(spec, providerId) {
      const requestId = currentCall()?.requestId;
      const onEnd = (): void => void jobs.delete(remote);
      const remote = createRemoteJob({
        ...{ client, replicaId: ownId, providerId, job: spec, requestId, onEnd },
        ...job(),
      });
      jobs.add(remote);
      return remote.handle;
    },
    async close() {
      await feed.close();
      lose('the replica with the provider’s line is gone');
      client.close();
    },
  };
}

function lineFrom(line: njordr.ReplicaLine, now: number) {
  if (!line.connected) return undefined;
  const { connectionEpoch: epoch, draining, servedModels: served, capacity, jobsElsewhere } = line;
  const limitedUntil = line.limitedForMs === 0n ? 0 : now + Number(line.limitedForMs);
  return { limitedUntil, connected: true, epoch, draining, served, capacity, jobsElsewhere };
}
