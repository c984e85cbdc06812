import { isDeepStrictEqual } from 'node:util';
import { type Audit, createAudit } from '@edda/audit';
import {
  createGrpcClient,
  createTokenMinter,
  createTokenVerifier,
  type GrpcClient,
  type GrpcClientOptions,
  type RpcService,
  type TokenVerifier,
} from '@edda/grpc-kit';
import { createPool, migrate } from '@edda/pg-kit';
import { createInProcessKit, createRedisKit, type RedisKit } from '@edda/redis-kit';
import { type Settings } from '@edda/settings';
import {
  createLogger,
  createMetrics,
  type Logger,
  type Metrics,
  openLogFile,
  openTracer,
  systemClock,
  type Tracer,
} from '@edda/telemetry';
import { type Pool } from 'pg';
import { type CloseStack, createCloseStack } from './close-stack.ts';
import { followAddress } from './follow-address.ts';
import { openPorts, type ServePlan } from './open-ports.ts';
import { type ReplicaGuard, takePlace } from './replica-guard.ts';
import { type ServiceSecrets } from './service-secrets.ts';
import { type PeerTls, type ServiceSettings } from './service-settings.ts';
import { overridesAtStart } from './settings/overrides-at-start.ts';

export interface OpenServiceOptions<Values extends ServiceSettings> {
  /** Its name in tokens, logs and metrics: `heidrun`. */
  name: string;
  settings: Settings<Values>;
  secrets: ServiceSecrets;
  /** `prisma/migrations` of the service. */
  migrationsDirectory: string;
  /** The launcher gives its own; by default one JSON line per record on standard output. */
  logger?: Logger | undefined;
  /** Stored restart-only settings wait, so that one that keeps the service from starting can be taken back. */
  ignoreOverrides?: boolean | undefined;
}

/** What a service is built on, and the way to open and close it. */
export interface ServiceBase {
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Undefined where traces are off. */
  readonly tracer: Tracer | undefined;
  readonly pool: Pool;
  /** What the replicas share for speed: over Redis with REDIS_URL, else the twin of a single process. */
  readonly redis: RedisKit;
  readonly verifier: TokenVerifier;
  /** The audit log: `audit.service` is AuditService, to be served; sealing and anchoring run until the service closes. */
  readonly audit: Audit;
  /** A client to another service, with this service's own tokens; closed with the service. */
  peer<const Definition extends RpcService>(
    definition: Definition,
    address: string,
    tls?: PeerTls,
  ): GrpcClient<Definition>;
  /**
   * The same for a peer whose address may change while the service runs: ask for the client with every call. Calls over
   * the former address may finish until the address changes once more.
   */
  peerAt<const Definition extends RpcService>(
    definition: Definition,
    address: () => string,
    options?: PeerAtOptions,
  ): () => GrpcClient<Definition>;
  /** The same for an address that comes and goes: closed by its user, without retries and breaker. */
  client<const Definition extends RpcService>(
    definition: Definition,
    address: string,
    tls?: PeerTls,
  ): GrpcClient<Definition>;
  /** Registers something to be closed, after everything that was opened later. */
  onClose(name: string, close: () => void | Promise<void>): void;
  /** Opens the gRPC and the operations port. @throws when one cannot be opened; nothing stays open then */
  serve(plan: ServePlan): Promise<{ grpc: number; operations: number }>;
  close(): Promise<void>;
}

export interface PeerAtOptions extends Pick<GrpcClientOptions, 'retries' | 'breaker'> {
  tls?: PeerTls;
}

/** Lifetime of the tokens a service signs for itself, seconds. */
const ownTokenSeconds = 3_600;

/**
 * Opens what every service stands on: settings changed at run time, logger, metrics, its place among the replicas,
 * migrated database, Redis or its twin, token verifier.
 * @throws when the database cannot be reached or migrated, another replica runs and Redis is not set, or the keys are
 *   not configured; nothing stays open then
 */
export async function openService<Values extends ServiceSettings>(
  options: OpenServiceOptions<Values>,
): Promise<ServiceBase> {
  const { name, settings, secrets } = options;
  const logger = openLogger(options);
  await applyStoredSettings(options, logger);
  const values = settings.current();
  const metrics = createMetrics({ service: name });
  const stack = createCloseStack(logger);
  const endpoint = secrets.OTEL_EXPORTER_OTLP_ENDPOINT;
  const tracer = await openTracer({ service: name, endpoint, metrics, logger: logger.module('tracing') });
  if (tracer !== undefined) stack.add('tracer', () => tracer.close());
  stack.add('log levels', followLogLevels(options, logger));
  const pool = createPool({
    url: secrets.DATABASE_URL,
    name,
    max: values.database.poolSize,
    logger: logger.module('database'),
  });
  stack.add('database', () => pool.end());
  const { verifier, token, redis, place } = await orClose(stack, async () => {
    const own = { verifier: verifierOf(values), token: ownToken(name, values, secrets) };
    await own.token();
    const shared = { name, logger, metrics, redisUrl: secrets.REDIS_URL, databaseUrl: secrets.DATABASE_URL };
    const place = await openPlace(shared, stack);
    await migrate({ pool, directory: options.migrationsDirectory, logger });
    return { ...own, place, redis: await openRedis(shared, stack) };
  });
  const audit = openAudit(name, settings, { logger, metrics, pool, stack });
  return {
    logger,
    metrics,
    tracer,
    pool,
    redis,
    verifier,
    audit,
    peer(definition, address, tls) {
      const client = createGrpcClient(definition, {
        address,
        token,
        logger: logger.module('peers'),
        ...clientTls(tls),
      });
      stack.add(`client of ${address}`, () => client.close());
      return client;
    },
    peerAt(definition, address, { tls, ...options } = {}) {
      const connect = (to: string) =>
        createGrpcClient(definition, {
          ...{ address: to, token, logger: logger.module('peers') },
          ...options,
          ...clientTls(tls),
        });
      const { client, close } = followAddress(address, connect);
      stack.add('client of a peer', close);
      return client;
    },
    client: (definition, address, tls) =>
      createGrpcClient(definition, {
        ...{ address, token, logger: logger.module('peers'), retries: false, breaker: false },
        ...clientTls(tls),
      }),
    onClose: (part, close) => stack.add(part, close),
    serve: (plan) =>
      orClose(stack, () => openPorts(plan, { name, values, logger, metrics, tracer, pool, place, verifier, stack })),
    close: () => stack.close(),
  };
}

function openAudit(
  service: string,
  settings: Settings<ServiceSettings>,
  { logger, metrics, pool, stack }: Pick<ServiceBase, 'logger' | 'metrics' | 'pool'> & { stack: CloseStack },
): Audit {
  const audit = createAudit({
    ...{ service, pool, metrics },
    settings: () => settings.current().audit,
    clock: systemClock,
    logger: logger.module('audit'),
  });
  stack.add('audit log', () => audit.stop());
  audit.start();
  return audit;
}

interface Shared {
  name: string;
  logger: Logger;
  metrics: Metrics;
  redisUrl: string | undefined;
  databaseUrl: string;
}

async function openPlace({ redisUrl, ...shared }: Shared, stack: CloseStack): Promise<ReplicaGuard> {
  const place = await takePlace({ ...shared, withRedis: redisUrl !== undefined });
  stack.add('place among the replicas', () => place.close());
  return place;
}

async function openRedis({ name, logger, metrics, redisUrl }: Shared, stack: CloseStack): Promise<RedisKit> {
  const redis =
    redisUrl === undefined
      ? createInProcessKit()
      : await createRedisKit({ url: redisUrl, name, metrics, logger: logger.module('redis') });
  stack.add('Redis', () => redis.close());
  return redis;
}

/** The service's own log tells of its settings too, unless the launcher gave one. */
function openLogger<Values extends ServiceSettings>({ name, settings, logger }: OpenServiceOptions<Values>): Logger {
  if (logger !== undefined) return logger;
  const { level, modules, file } = settings.current().log;
  // Stays open until the process ends: closing is logged, too.
  const destination = file.path === undefined ? 'stdout' : openLogFile(file.path, file);
  const own = createLogger({ service: name, level, modules, destination });
  settings.logTo(own.module('settings'));
  return own;
}

/** Changes made at run time count before anything is built. */
async function applyStoredSettings<Values extends ServiceSettings>(
  { name, settings, secrets, ignoreOverrides }: OpenServiceOptions<Values>,
  logger: Logger,
): Promise<void> {
  if (ignoreOverrides === true) return;
  const where = { url: secrets.DATABASE_URL, name, logger: logger.module('settings') };
  settings.startWith((await overridesAtStart(where)).overrides);
}

/** A log that was given keeps its own levels until the settings name some. @returns stops it */
function followLogLevels({ settings, logger: given }: OpenServiceOptions<ServiceSettings>, logger: Logger): () => void {
  const follow = ({ log: { level, modules } }: ServiceSettings) => logger.setLevels({ level, modules });
  const named = ['log.level', 'log.modules'].some((path) => settings.originOf(path) !== 'default');
  if (given === undefined || named) follow(settings.current());
  return settings.onChange((previous, next) => {
    if (!isDeepStrictEqual(previous.log, next.log)) follow(next);
  });
}

/** A failed opening leaves nothing open. */
async function orClose<Opened>(stack: CloseStack, open: () => Promise<Opened>): Promise<Opened> {
  try {
    return await open();
  } catch (error) {
    await stack.close();
    throw error;
  }
}

/** A source of this service’s own tokens. The key is read at first use. */
function ownToken(name: string, { auth }: ServiceSettings, secrets: ServiceSecrets): () => Promise<string> {
  const minter = createTokenMinter({ privateJwkFile: secrets.EDDA_SERVICE_KEY_FILE, issuer: auth.issuer });
  return minter.provider({ subject: name, networkId: 'edda', roles: ['service'], ttlSeconds: ownTokenSeconds });
}

function verifierOf({ auth }: ServiceSettings): TokenVerifier {
  const { issuer, jwksFile, jwksUrl } = auth;
  if ((jwksFile === undefined) === (jwksUrl === undefined)) {
    throw new TypeError('set exactly one of auth.jwksFile and auth.jwksUrl');
  }
  return createTokenVerifier({
    issuer,
    ...(jwksFile !== undefined && { jwksFile }),
    ...(jwksUrl !== undefined && { jwksUrl }),
  });
}

function clientTls(tls: PeerTls | undefined) {
  if (tls?.caFile === undefined) return {};
  const { caFile, certFile, keyFile } = tls;
  return { tls: { caFile, ...(certFile !== undefined && { certFile }), ...(keyFile !== undefined && { keyFile }) } };
}
