import { commonFaults } from '@edda/faults';
import { Client, connectivityState } from '@grpc/grpc-js';
import { channelCredentials, type ClientTls } from './tls.ts';

export interface ChannelSettings {
  /** `host:port`. */
  address: string;
  tls?: ClientTls;
  /** Largest message either way, bytes; 4 MiB. */
  maxMessageBytes?: number;
  /** Pings this often and gives a silent connection up after the timeout, ms; 20,000 and 5,000. */
  keepaliveTimeMs?: number;
  keepaliveTimeoutMs?: number;
  /** How long a call waits for a connection before it fails as UNAVAILABLE, ms; 2,000. */
  connectTimeoutMs?: number;
}

/** One channel to one peer. */
export interface PeerChannel {
  readonly client: Client;
  /** Resolves once connected. @throws DEPENDENCY_UNAVAILABLE when not connected in time */
  ready(timeoutMs: number): Promise<void>;
  close(): void;
}

/** Opens lazily, reconnects by itself after 100 ms to 2 s, shares nothing with other clients of this process. */
export function createChannel(settings: ChannelSettings): PeerChannel {
  const maxBytes = settings.maxMessageBytes ?? 4 * 1024 * 1024;
  const client = new Client(settings.address, channelCredentials(settings.tls), {
    'grpc.max_receive_message_length': maxBytes,
    'grpc.max_send_message_length': maxBytes,
    // Without pings a connection lost during a server's restart can keep calls hanging (grpc-node #2785).
    'grpc.keepalive_time_ms': settings.keepaliveTimeMs ?? 20_000,
    'grpc.keepalive_timeout_ms': settings.keepaliveTimeoutMs ?? 5_000,
    'grpc.keepalive_permit_without_calls': 1,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 2_000,
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_retries': 0,
    'grpc.service_config_disable_resolution': 1,
    'grpc.enable_channelz': 0,
  });
  const channel = client.getChannel();
  const connect = (timeoutMs: number) =>
    new Promise<void>((resolve, reject) => {
      client.waitForReady(Date.now() + timeoutMs, (error) => {
        if (error === undefined) return resolve();
        reject(commonFaults.DEPENDENCY_UNAVAILABLE(`No connection to ${settings.address}.`, { cause: error }));
      });
    });
  return {
    client,
    async ready(timeoutMs) {
      if (channel.getConnectivityState(true) !== connectivityState.READY) await connect(timeoutMs);
    },
    close: () => client.close(),
  };
}
