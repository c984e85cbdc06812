import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { common, heidrun, njordr } from '@edda/contracts';
import {
  createGrpcClient,
  createGrpcServer,
  createTokenMinter,
  createTokenVerifier,
  generateSigningKeys,
  type Handlers,
  implement,
  type Role,
  type RpcService,
  type RulesTable,
} from '@edda/grpc-kit';
import { createInProcessKit } from '@edda/redis-kit';
import { createMemoryLogger, createMetrics, type MemoryLogger, type Metrics } from '@edda/telemetry';
import { onTestFinished } from 'vitest';
import { createEdge } from '../src/edge/create-edge.ts';
import { edgeSettings, type EdgeSettings } from '../src/edge/edge-settings.ts';
import { createCallLimits } from '../src/limits/call-limits.ts';
import { type LimitSettings } from '../src/limits/limit-settings.ts';
import { type Offer } from '../src/providers/provider-directory.ts';

const issuer = 'https://issuer.test';
const { privateJwk, jwks } = await generateSigningKeys();
const minter = createTokenMinter({ privateJwk, issuer });
const jwksFile = join(mkdtempSync(join(tmpdir(), 'edge-')), 'jwks.json');
writeFileSync(jwksFile, JSON.stringify(jwks));

export const tokenFor = (role: Role, subject = `${role}-1`, ttlSeconds = 60): Promise<string> =>
  minter.mint({ subject, networkId: 'net-1', roles: [role], ttlSeconds });

const definitions: RpcService[] = [
  njordr.ProviderServiceService,
  njordr.ComputeServiceService,
  njordr.TransactionServiceService,
  njordr.ApiKeyServiceService,
  njordr.AnalyticsServiceService,
];

const everyone = { roles: ['user', 'provider', 'service', 'admin'] } as const;
const rules: RulesTable = {
  ...Object.fromEntries(
    definitions.flatMap((definition) => Object.values(definition).map((method) => [method.path, everyone])),
  ),
  [njordr.ComputeServiceService.executeRequest.path]: { roles: ['user'] },
};

export interface Scripts {
  limits?: Partial<LimitSettings>;
  provider?: Handlers<typeof njordr.ProviderServiceService>;
  compute?: Handlers<typeof njordr.ComputeServiceService>;
  transaction?: Handlers<typeof njordr.TransactionServiceService>;
  payments?: Handlers<typeof heidrun.PaymentServiceService>;
  offers?: Partial<Offer>[];
  settings?: Partial<EdgeSettings>;
}

export interface TestEdge {
  url: string;
  port: number;
  log: MemoryLogger;
  metrics: Metrics;
  /** Calls with a token of role user; a body is sent as JSON. */
  call(method: string, path: string, options?: CallOptions): Promise<TestAnswer>;
  close(): Promise<void>;
}

export interface CallOptions {
  body?: unknown;
  /** Sent as it is, instead of a body. */
  raw?: string;
  token?: string | null;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

export interface TestAnswer {
  status: number;
  headers: Headers;
  text: string;
  json: Record<string, unknown>;
}

const noLimits: LimitSettings = { perUserPerMinute: 1_000_000, perAddressPerMinute: 1_000_000 };

/** An edge on a free port over scripted handlers, with a real token verifier and a real connection to "Heidrun". */
export async function startEdge(scripts: Scripts = {}): Promise<TestEdge> {
  const log = createMemoryLogger();
  const metrics = createMetrics({ service: 'njordr', processMetrics: false });
  const settings = { ...edgeSettings().parse(undefined), ...scripts.settings };
  const services = [
    implement(njordr.ProviderServiceService, scripts.provider ?? {}),
    implement(njordr.ComputeServiceService, scripts.compute ?? {}),
    implement(njordr.TransactionServiceService, scripts.transaction ?? {}),
    implement(njordr.ApiKeyServiceService, {}),
    implement(njordr.AnalyticsServiceService, {}),
  ];
  const redis = createInProcessKit();
  const offers = (scripts.offers ?? []) as Offer[];
  const edge = await createEdge({
    services,
    rules,
    payments: await startPayments(scripts.payments ?? {}, log),
    directory: {
      models: () => [...new Set(offers.map((offer) => offer.model))],
      offers: (model) => offers.filter((offer) => offer.model === model),
    },
    verifier: createTokenVerifier({ jwksFile, issuer }),
    cache: redis.cache,
    limits: createCallLimits({ limits: redis.limits, settings: () => ({ ...noLimits, ...scripts.limits }) }),
    logger: log.logger,
    metrics,
    settings: () => settings,
  });
  const port = await edge.listen({ host: '127.0.0.1', port: 0 });
  const close = () => edge.close({ graceMs: 100 });
  onTestFinished(close);
  const url = `http://127.0.0.1:${port}`;
  return { url, port, log, metrics, call: (method, path, options) => call(url, method, path, options), close };
}

async function startPayments(handlers: Handlers<typeof heidrun.PaymentServiceService>, log: MemoryLogger) {
  const service = heidrun.PaymentServiceService;
  const server = createGrpcServer({
    service: 'heidrun',
    services: [implement(service, handlers)],
    rules: Object.fromEntries(Object.values(service).map((method) => [method.path, { roles: ['service'] as const }])),
    auth: createTokenVerifier({ jwksFile, issuer }),
    logger: log.logger,
    metrics: createMetrics({ service: 'heidrun', processMetrics: false }),
  });
  const port = await server.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => server.close({ graceMs: 0 }));
  const client = createGrpcClient(service, {
    address: `127.0.0.1:${port}`,
    token: () => tokenFor('service', 'njordr'),
    logger: log.logger,
  });
  onTestFinished(() => client.close());
  return client;
}

async function call(url: string, method: string, path: string, options: CallOptions = {}): Promise<TestAnswer> {
  const token = options.token === undefined ? await tokenFor('user') : options.token;
  const body = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
  const response = await fetch(url + path, {
    method,
    headers: {
      ...(token !== null && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...options.headers,
    },
    ...(body !== undefined && { body }),
    ...(options.signal !== undefined && { signal: options.signal }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  const json = isJson ? (JSON.parse(text) as Record<string, unknown>) : {};
  return { status: response.status, headers: response.headers, text, json };
}

/** The events of a server-sent event stream, comments left out. */
export function eventsOf(text: string): { event: string | undefined; data: unknown }[] {
  return text
    .split('\n\n')
    .map((block) => block.split('\n').filter((line) => line !== '' && !line.startsWith(':')))
    .filter((lines) => lines.length > 0)
    .map((lines) => {
      const value = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      const data = value('data') ?? '';
      return { event: value('event'), data: data === '[DONE]' ? data : (JSON.parse(data) as unknown) };
    });
}

type ExecutionEvent = njordr.ExecuteRequestResponse;

export const accepted = (more: Partial<njordr.ExecutionAccepted> = {}): ExecutionEvent => ({
  event: {
    $case: 'accepted',
    value: njordr.ExecutionAccepted.fromPartial({
      requestId: 'req-1',
      transactionId: 'tx-1',
      providerId: 'prov-1',
      heldCents: 9n,
      outputBudgetTokens: 100n,
      preauthId: 'hold-1',
      ...more,
    }),
  },
});

export const chunk = (sequence: bigint, content: string, more: Partial<njordr.OutputChunk> = {}): ExecutionEvent => ({
  event: {
    $case: 'chunk',
    value: njordr.OutputChunk.fromPartial({ sequence, content, providerId: 'prov-1', ...more }),
  },
});

export const receipt = (more: Partial<njordr.Receipt> = {}): ExecutionEvent => ({
  event: {
    $case: 'receipt',
    value: njordr.Receipt.fromPartial({
      requestId: 'req-1',
      transactionId: 'tx-1',
      status: njordr.TransactionStatus.COMPLETED,
      finishReason: common.FinishReason.STOP,
      providerIds: ['prov-1'],
      inputTokens: 7n,
      outputTokens: 2n,
      totalCostCents: 4n,
      providerEarningsCents: 3n,
      companyFeeCents: 1n,
      releasedCents: 5n,
      tokenMethod: common.TokenMethod.EXACT,
      model: 'm-1',
      ...more,
    }),
  },
});

/** A handler that yields these events, whatever is asked. */
export function playing(
  ...events: ExecutionEvent[]
): NonNullable<Handlers<typeof njordr.ComputeServiceService>['executeRequest']> {
  return async function* () {
    yield* events;
  };
}
