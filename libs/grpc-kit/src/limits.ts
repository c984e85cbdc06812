import { type ServerOptions } from '@grpc/grpc-js';

/** What one server accepts; each has a default that suits a service behind our own clients. */
export interface ServerLimits {
  /** Largest message either way, bytes; 4 MiB. Larger ones answer RESOURCE_EXHAUSTED. */
  maxMessageBytes?: number;
  /** Calls in progress on the whole server; 2,000. More answer RATE_LIMITED. */
  maxConcurrentCalls?: number;
  /** Streams one connection may have open; 1,000. */
  maxStreamsPerConnection?: number;
  /** All of a call's metadata, bytes; 16 KiB. HTTP/2 itself stops at 64 KiB. */
  maxMetadataBytes?: number;
  /** What one HTTP/2 session may hold in memory, MB; 64. */
  maxSessionMemoryMb?: number;
  /** Pings an idle peer this often, and drops it when it stays silent for the timeout; ms, 30,000 and 10,000. */
  keepaliveTimeMs?: number;
  keepaliveTimeoutMs?: number;
  /** Closes a connection without calls after this long, ms; 30 min. */
  maxConnectionIdleMs?: number;
}

export const defaultLimits: Required<ServerLimits> = {
  maxMessageBytes: 4 * 1024 * 1024,
  maxConcurrentCalls: 2_000,
  maxStreamsPerConnection: 1_000,
  maxMetadataBytes: 16 * 1024,
  maxSessionMemoryMb: 64,
  keepaliveTimeMs: 30_000,
  keepaliveTimeoutMs: 10_000,
  maxConnectionIdleMs: 30 * 60_000,
};

export function serverOptions(limits: Required<ServerLimits>): ServerOptions {
  return {
    'grpc.max_receive_message_length': limits.maxMessageBytes,
    'grpc.max_send_message_length': limits.maxMessageBytes,
    'grpc.max_concurrent_streams': limits.maxStreamsPerConnection,
    'grpc-node.max_session_memory': limits.maxSessionMemoryMb,
    'grpc.keepalive_time_ms': limits.keepaliveTimeMs,
    'grpc.keepalive_timeout_ms': limits.keepaliveTimeoutMs,
    'grpc.max_connection_idle_ms': limits.maxConnectionIdleMs,
    'grpc.enable_channelz': 0,
  };
}
