import { run as runEikthyrnir } from '@edda/app-eikthyrnir/run';
import { run as runHeidrun } from '@edda/app-heidrun/run';
import { run as runNjordr } from '@edda/app-njordr/run';
import { run as runNornen } from '@edda/app-nornen/run';
import { createTokenMinter, type TokenMinter } from '@edda/grpc-kit';
import { startEmbeddedPostgres } from '@edda/pg-kit';
import { createCloseStack } from '@edda/service-kit';
import { type Logger } from '@edda/telemetry';
import { type DataFolder } from '../data/data-folder.ts';
import { type MarketPorts } from './market-ports.ts';

/** Issuer of a local market's tokens. */
const issuer = 'edda';

export interface MarketOptions {
  folder: DataFolder;
  ports: MarketPorts;
  /** One for each service, by its name. */
  loggerFor: (service: string) => Logger;
  /** More settings of single services. Where they listen, whom they trust and their peers stay the market's own. */
  settings?: MarketSettings;
}

/** Settings of single services, each as its `run` takes them. */
export interface MarketSettings {
  njordr?: NonNullable<Parameters<typeof runNjordr>[0]['settings']>;
  heidrun?: NonNullable<Parameters<typeof runHeidrun>[0]['settings']>;
  eikthyrnir?: NonNullable<Parameters<typeof runEikthyrnir>[0]['settings']>;
  nornen?: NonNullable<Parameters<typeof runNornen>[0]['settings']>;
}

/** A whole market in this process: PostgreSQL and the four services, on loopback only. */
export interface Market {
  /** `host:port` of each service's gRPC interface. */
  readonly addresses: Readonly<Record<'njordr' | 'heidrun' | 'eikthyrnir' | 'nornen', string>>;
  readonly httpUrl: string;
  readonly operationsPorts: Readonly<Record<'njordr' | 'heidrun' | 'eikthyrnir' | 'nornen', number>>;
  readonly minter: TokenMinter;
  /** Stops accepting, lets running requests end, then stops the database. */
  close(): Promise<void>;
}

/** Starts everything in the order in which the parts need each other. What fails to start leaves nothing running. */
export async function startMarket({ folder, ports, loggerFor, settings = {} }: MarketOptions): Promise<Market> {
  const logger = loggerFor('edda');
  const stack = createCloseStack(logger);
  try {
    const postgres = await startEmbeddedPostgres({
      dataDir: folder.postgres,
      logger: loggerFor('postgres'),
      ...(ports.postgres !== 0 && { port: ports.postgres }),
    });
    stack.add('PostgreSQL', () => postgres.stop());

    const secretsFor = async (service: string) => ({
      DATABASE_URL: await postgres.ensureDatabase(service, service),
      EDDA_SERVICE_KEY_FILE: folder.signingKeyFile,
    });
    const settingsFor = (listen: { grpc: number; operations: number }) => ({
      grpc: { host: '127.0.0.1', port: listen.grpc },
      operations: { host: '127.0.0.1', port: listen.operations },
      auth: { issuer, jwksFile: folder.jwksFile },
    });
    const opened = <Service extends { close(): Promise<void> }>(name: string, service: Service) => {
      stack.add(name, () => service.close());
      return service;
    };
    const at = (port: number | undefined) => `127.0.0.1:${port ?? 0}`;

    const nornen = opened(
      'Nornen',
      await runNornen({
        settings: { ...settings.nornen, ...settingsFor(ports.nornen) },
        secrets: await secretsFor('nornen'),
        logger: loggerFor('nornen'),
      }),
    );
    const eikthyrnir = opened(
      'Eikthyrnir',
      await runEikthyrnir({
        settings: { ...settings.eikthyrnir, ...settingsFor(ports.eikthyrnir) },
        secrets: await secretsFor('eikthyrnir'),
        logger: loggerFor('eikthyrnir'),
      }),
    );
    const heidrun = opened(
      'Heidrun',
      await runHeidrun({
        settings: { ...settings.heidrun, ...settingsFor(ports.heidrun), peers: { nornen: at(nornen.ports['grpc']) } },
        secrets: { ...(await secretsFor('heidrun')), HEIDRUN_PAYMENT_KEYS: folder.secrets.paymentKeys },
        logger: loggerFor('heidrun'),
      }),
    );
    const njordr = opened(
      'Njörðr',
      await runNjordr({
        settings: {
          ...settings.njordr,
          ...settingsFor(ports.njordr),
          http: { ...settings.njordr?.http, host: '127.0.0.1', port: ports.njordr.http },
          peers: {
            heidrun: at(heidrun.ports['grpc']),
            eikthyrnir: at(eikthyrnir.ports['grpc']),
            nornen: at(nornen.ports['grpc']),
          },
        },
        secrets: { ...(await secretsFor('njordr')), NJORDR_RESULT_KEYS: folder.secrets.resultKeys },
        logger: loggerFor('njordr'),
      }),
    );
    const services = { njordr, heidrun, eikthyrnir, nornen };
    return {
      addresses: portsOf(services, 'grpc', at),
      operationsPorts: portsOf(services, 'operations', (port) => port ?? 0),
      httpUrl: `http://127.0.0.1:${njordr.ports['http'] ?? 0}`,
      minter: createTokenMinter({ privateJwkFile: folder.signingKeyFile, issuer }),
      close: () => stack.close(),
    };
  } catch (error) {
    await stack.close();
    throw error;
  }
}

type ServiceName = 'njordr' | 'heidrun' | 'eikthyrnir' | 'nornen';

function portsOf<Shown>(
  services: Readonly<Record<ServiceName, { ports: Readonly<Record<string, number>> }>>,
  use: string,
  show: (port: number | undefined) => Shown,
): Record<ServiceName, Shown> {
  const entries = Object.entries(services).map(([name, { ports }]) => [name, show(ports[use])] as const);
  return Object.fromEntries(entries) as Record<ServiceName, Shown>;
}
