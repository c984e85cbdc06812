import { type CallContext } from '@edda/grpc-kit';
import { type NewEvent } from '@edda/pg-kit';
import { type Settings } from '@edda/settings';
import { type Clock, type Logger } from '@edda/telemetry';
import { type Pool, type PoolClient } from 'pg';
import { type ServiceSettings } from '../service-settings.ts';
import { type SettingsFeed } from './settings-feed.ts';

/** What the RPCs of SettingsService are built from. */
export interface SettingsDeps {
  settings: Settings<ServiceSettings>;
  pool: Pool;
  clock: Clock;
  feed: SettingsFeed;
  logger: Logger;
  /** Tells other services, within the transaction that stores the change. */
  announce?: ((client: PoolClient, event: NewEvent, version: bigint) => Promise<unknown>) | undefined;
  /** Called after a change was stored here. */
  onStored?: (() => void) | undefined;
}

/** What a handler reads of its call. */
export type SettingsCall = Pick<CallContext, 'identity' | 'method' | 'requestId'>;
