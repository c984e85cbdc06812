import { nornen, settings } from '@edda/contracts';
import { asFault } from '@edda/faults';
import { createGrpcClient, createTokenMinter, type GrpcClient, type RpcService } from '@edda/grpc-kit';
import { createLogger } from '@edda/telemetry';
import { openDataFolder } from '../../data/data-folder.ts';
import { standardPorts } from '../../market/market-ports.ts';
import { tokensOf } from '../../market/market-user.ts';

/** The services of a market that have settings to be changed while it runs. */
export const serviceNames = ['njordr', 'heidrun', 'eikthyrnir', 'nornen'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** What every settings command takes. */
export interface SettingsPlace {
  dataDir: string;
  portOffset: number;
  host: string;
  /** Of the one service named, or of Nornen when there are several; instead of host and port offset. */
  address?: string;
  /** None for all. */
  service?: ServiceName[];
  /** The admin who is recorded. */
  user: string;
}

/** How a settings command reaches a running market. */
export interface SettingsAccess {
  /** The services asked for, in a fixed order. */
  readonly services: readonly ServiceName[];
  /** The service, when it is a single one; several are asked and changed through Nornen. */
  readonly single: ServiceName | undefined;
  readonly of: (service: ServiceName) => GrpcClient<typeof settings.SettingsServiceService>;
  readonly nornen: () => GrpcClient<typeof nornen.AdminServiceService>;
}

/** Runs `work` with clients of a running market, as an admin; they are closed behind it. */
export async function withSettings<Result>(
  place: SettingsPlace,
  work: (access: SettingsAccess) => Promise<Result>,
): Promise<Result> {
  const folder = await openDataFolder(place.dataDir, { readOnly: true });
  const minter = createTokenMinter({ privateJwkFile: folder.signingKeyFile, issuer: 'edda' });
  const token = tokensOf({ minter }, { subject: place.user, networkId: 'edda', roles: ['admin'] });
  // What went wrong is said once, by the command itself.
  const logger = createLogger({ service: 'edda', level: 'silent', destination: 'stderr' });
  const ports = standardPorts(place.portOffset);
  const services = serviceNames.filter((name) => place.service?.includes(name) ?? true);
  const single = services.length === 1 ? services[0] : undefined;
  const addressOf = (service: ServiceName) =>
    (service === (single ?? 'nornen') ? place.address : undefined) ?? `${place.host}:${ports[service].grpc}`;
  // Whoever waits at a prompt hears soon that nobody listens, and can call again.
  const clientAt = <const Service extends RpcService>(definition: Service, address: string) =>
    createGrpcClient(definition, { ...{ address, token, logger }, retries: false, breaker: false });
  const open: { close: () => void }[] = [];
  const kept = <Client extends { close: () => void }>(client: Client): Client => {
    open.push(client);
    return client;
  };
  try {
    return await work({
      ...{ services, single },
      of: (service) => kept(clientAt(settings.SettingsServiceService, addressOf(service))),
      nornen: () => kept(clientAt(nornen.AdminServiceService, addressOf('nornen'))),
    });
  } finally {
    for (const client of open) client.close();
  }
}

/** A failure on one line: the service, if there are several, the reason, and every field with what is wrong with it. */
export function oneLine(error: unknown, service?: string): Error {
  const { reason, message, violations } = asFault(error);
  const fields = violations.map(({ field, description }) => `${field}: ${description}`).join('; ');
  return new Error([service, reason, fields === '' ? message : fields].filter(Boolean).join(': '));
}
