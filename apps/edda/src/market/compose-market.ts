import { createTokenMinter } from '@edda/grpc-kit';
import { createCloseStack, type RunningService } from '@edda/service-kit';
import { type Logger } from '@edda/telemetry';
import { type DataFolder } from '../data/data-folder.ts';
import { type MarketAddresses, openLaterPeers } from './later-peers.ts';
import { type Market } from './market.ts';
import { type MarketMode, type MarketSettings, type ServiceName, type ServiceOptions } from './market-mode.ts';
import { type MarketPorts } from './market-ports.ts';

/** Issuer of a local market's tokens. */
export const issuer = 'edda';

export interface MarketPlan {
  folder: DataFolder;
  ports: MarketPorts;
  logger: Logger;
  /** More settings of single services. Where they listen, whom they trust and their peers stay the market's own. */
  settings?: MarketSettings;
  /** A Redis for all services; without it each has a twin of its own in process. */
  redisUrl?: string | undefined;
  /** Collector of the services' traces; none are made without it. */
  tracesUrl?: string | undefined;
}

/** Starts everything in the order in which the parts need each other. What fails to start leaves nothing running. */
export async function composeMarket(plan: MarketPlan, mode: MarketMode): Promise<Market> {
  const { folder, ports, settings = {} } = plan;
  const stack = createCloseStack(plan.logger);
  try {
    const postgres = await mode.startPostgres({ dataDir: folder.postgres, port: ports.postgres });
    stack.add('PostgreSQL', () => postgres.stop());

    const start = async <Name extends ServiceName>(name: Name, options: ServiceOptions<Name>) => {
      const service = await mode.startService(name, options);
      stack.add(name, () => service.close());
      return service;
    };
    const secretsFor = async (service: ServiceName) => ({
      DATABASE_URL: await postgres.ensureDatabase(service, service),
      EDDA_SERVICE_KEY_FILE: folder.signingKeyFile,
      REDIS_URL: plan.redisUrl,
      OTEL_EXPORTER_OTLP_ENDPOINT: plan.tracesUrl,
    });
    const settingsFor = (service: ServiceName) => ({
      grpc: { host: '127.0.0.1', port: ports[service].grpc },
      operations: { host: '127.0.0.1', port: ports[service].operations },
      auth: { issuer, jwksFile: folder.jwksFile },
    });

    const later = await openLaterPeers(folder, plannedAddresses(ports));
    const nornen = await start('nornen', {
      settings: { ...withoutPeers(settings.nornen), ...settingsFor('nornen') },
      settingsFile: later.nornen,
      secrets: await secretsFor('nornen'),
    });
    const eikthyrnir = await start('eikthyrnir', {
      settings: { ...withoutPeers(settings.eikthyrnir), ...settingsFor('eikthyrnir') },
      settingsFile: later.eikthyrnir,
      secrets: await secretsFor('eikthyrnir'),
    });
    const heidrun = await start('heidrun', {
      settings: { ...settings.heidrun, ...settingsFor('heidrun'), peers: { nornen: addressOf(nornen) } },
      secrets: { ...(await secretsFor('heidrun')), HEIDRUN_PAYMENT_KEYS: folder.secrets.paymentKeys },
    });
    const njordr = await start('njordr', {
      settings: {
        ...settings.njordr,
        ...settingsFor('njordr'),
        http: { ...settings.njordr?.http, host: '127.0.0.1', port: ports.njordr.http },
        peers: { heidrun: addressOf(heidrun), eikthyrnir: addressOf(eikthyrnir), nornen: addressOf(nornen) },
      },
      secrets: { ...(await secretsFor('njordr')), NJORDR_RESULT_KEYS: folder.secrets.resultKeys },
    });
    const addresses = {
      njordr: addressOf(njordr),
      heidrun: addressOf(heidrun),
      eikthyrnir: addressOf(eikthyrnir),
      nornen: addressOf(nornen),
    };
    await later.write(addresses);
    const operationsPort = ({ ports: open }: RunningService) => open['operations'] ?? 0;
    return {
      addresses,
      operationsPorts: {
        njordr: operationsPort(njordr),
        heidrun: operationsPort(heidrun),
        eikthyrnir: operationsPort(eikthyrnir),
        nornen: operationsPort(nornen),
      },
      httpUrl: `http://127.0.0.1:${njordr.ports['http'] ?? 0}`,
      minter: createTokenMinter({ privateJwkFile: folder.signingKeyFile, issuer }),
      close: () => stack.close(),
    };
  } catch (error) {
    await stack.close();
    throw error;
  }
}

function plannedAddresses(ports: MarketPorts): MarketAddresses {
  const at = (service: ServiceName) => `127.0.0.1:${ports[service].grpc}`;
  return { njordr: at('njordr'), heidrun: at('heidrun'), eikthyrnir: at('eikthyrnir'), nornen: at('nornen') };
}

/** What is given at start wins over the file that names the peers. */
function withoutPeers<Values extends { peers?: unknown }>(
  values: Values | undefined,
): Omit<Values, 'peers'> | undefined {
  if (values === undefined) return undefined;
  const { peers: _markets, ...rest } = values;
  return rest;
}

function addressOf({ ports }: RunningService): string {
  return `127.0.0.1:${ports['grpc'] ?? 0}`;
}
