import { type TokenMinter } from '@edda/grpc-kit';
import { type ServiceName } from './market-mode.ts';

/** A whole market: PostgreSQL and the four services, on loopback only. */
export interface Market {
  /** `host:port` of each service's gRPC interface. */
  readonly addresses: Readonly<Record<ServiceName, string>>;
  readonly httpUrl: string;
  readonly operationsPorts: Readonly<Record<ServiceName, number>>;
  readonly minter: TokenMinter;
  /** Stops accepting, lets running requests end, then stops the database. */
  close(): Promise<void>;
}
