import { type Clock } from '@edda/telemetry';
import { type Pool } from 'pg';
import { type LinkHubControl } from '../link/create-link-hub.ts';
import { type ProviderBoard } from './provider-board.ts';
import { type ProviderDirectory } from './provider-directory.ts';
import { type ProviderPeers } from './provider-peers.ts';
import { type ProviderSettings } from './provider-settings.ts';
import { type RegistrationWorkflow } from './registration-workflow.ts';

/** What the handlers of ProviderService stand on. */
export interface ProviderDeps {
  pool: Pool;
  clock: Clock;
  settings: () => ProviderSettings;
  peers: Pick<ProviderPeers, 'payments'>;
  hub: Pick<LinkHubControl, 'isConnected' | 'disconnect' | 'lastHeardAt'>;
  directory: Pick<ProviderDirectory, 'inFlight'>;
  board: ProviderBoard;
  workflow: Pick<RegistrationWorkflow, 'advance' | 'resume'>;
  newId: () => string;
  /**
   * Refuses new registrations while the outbox is full; changes of a provider, which may take it off the market, go
   * on. @throws OUTBOX_FULL
   */
  assertCapacity: () => void;
}
