import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { njordr } from '@edda/contracts';
import {
  createGrpcServer,
  createTokenMinter,
  createTokenVerifier,
  generateSigningKeys,
  implement,
} from '@edda/grpc-kit';
import { createMetrics, silentLogger } from '@edda/telemetry';
import { createOutbox } from '../src/link/outbox.ts';

type AgentBody = NonNullable<njordr.AgentMessage['body']>;
type MarketBody = NonNullable<njordr.MarketMessage['body']>;
type BodyOf<Case extends AgentBody['$case']> = Extract<AgentBody, { $case: Case }>['value'];

/** One stream an agent opened. */
export interface AgentConnection {
  readonly received: njordr.AgentMessage[];
  send(body: MarketBody): void;
  /** The n-th (from 0) message of this kind, as soon as it is there. */
  next<Case extends AgentBody['$case']>(kind: Case, n?: number): Promise<BodyOf<Case>>;
  all<Case extends AgentBody['$case']>(kind: Case): BodyOf<Case>[];
  /** Ends the stream from the market's side. */
  end(): void;
  /** Resolves when the agent has ended its side, or is gone. */
  readonly over: Promise<void>;
}

export interface FakeMarketOptions {
  welcome?: Partial<njordr.Welcome>;
  /** Answers every Hello with this instead of a welcome. */
  rejected?: njordr.Rejected;
  silent?: boolean;
  providers?: njordr.Provider[];
  port?: number;
  keys: MarketKeys;
}

export interface MarketKeys {
  jwksFile: string;
  token: () => Promise<string>;
}

const issuer = 'https://test.example';

/** Keys of a market that may restart, and a token of a provider's owner. */
export async function createMarketKeys(): Promise<MarketKeys> {
  const { privateJwk, jwks } = await generateSigningKeys();
  const jwksFile = join(await mkdtemp(join(tmpdir(), 'edda-agent-')), 'jwks.json');
  await writeFile(jwksFile, JSON.stringify(jwks));
  const minter = createTokenMinter({ privateJwk, issuer });
  return {
    jwksFile,
    token: minter.provider({ subject: 'owner', networkId: 'net', roles: ['provider'], ttlSeconds: 600 }),
  };
}

/** A small market on the real server kit: no rules of its own, a test says what it sends. */
export async function startFakeMarket(options: FakeMarketOptions) {
  const connections: AgentConnection[] = [];
  const registrations: njordr.RegisterProviderRequest[] = [];
  const providers = options.providers ?? [];

  async function* connect(messages: AsyncIterable<njordr.AgentMessage>): AsyncGenerator<njordr.MarketMessage> {
    const outbox = createOutbox<njordr.MarketMessage>();
    const over = Promise.withResolvers<void>();
    const received: njordr.AgentMessage[] = [];
    const send = (body: MarketBody) => outbox.post({ providerId: 'prv_1', deviceId: 'attic', body });
    connections.push(connectionOf(received, send, () => outbox.close(), over.promise));
    const read = async () => {
      try {
        for await (const message of messages) {
          received.push(message);
          react(message, send, options);
        }
      } catch {
        // The agent is gone; the test sees it by `over`.
      }
      over.resolve();
      outbox.close();
    };
    void read();
    yield* outbox;
  }

  const service = implement(njordr.ProviderLinkService, { connect });
  const registry = implement(njordr.ProviderServiceService, {
    listProviders: async () => ({ providers, nextPageToken: '' }),
    getProvider: async ({ providerId }) => ({ provider: providers.find((one) => one.providerId === providerId) }),
    async registerProvider(request) {
      registrations.push(request);
      const { PENDING } = njordr.ProviderStatus;
      const provider = njordr.Provider.fromPartial({
        providerId: 'prv_new',
        deviceId: request.deviceId,
        status: PENDING,
      });
      providers.push(provider);
      return { provider };
    },
  });
  const paths = [...Object.values(service.definition), ...Object.values(registry.definition)].map(({ path }) => path);
  const server = createGrpcServer({
    service: 'fake-market',
    services: [service, registry],
    rules: Object.fromEntries(
      paths.map((path) => [path, { roles: ['provider'], longLived: path.endsWith('/Connect') }]),
    ),
    auth: createTokenVerifier({ jwksFile: options.keys.jwksFile, issuer }),
    logger: silentLogger(),
    metrics: createMetrics({ service: 'fake-market', processMetrics: false }),
  });
  const port = await server.listen({ host: '127.0.0.1', port: options.port ?? 0 });
  return {
    port,
    address: `127.0.0.1:${port}`,
    connections,
    registrations,
    /** The n-th stream opened, from 0. */
    connection: (n = 0) => eventually(() => connections[n]),
    close: () => server.close({ graceMs: 0 }),
  };
}

function react(message: njordr.AgentMessage, send: (body: MarketBody) => void, options: FakeMarketOptions): void {
  if (options.silent) return;
  if (message.body?.$case === 'hello') {
    if (options.rejected) return send({ $case: 'rejected', value: options.rejected });
    const status = njordr.ProviderStatus.ACTIVE;
    const value = njordr.Welcome.fromPartial({ status, heartbeatIntervalMs: 100, ...options.welcome });
    send({ $case: 'welcome', value });
  }
  if (message.body?.$case === 'heartbeat') {
    const { sequence } = message.body.value;
    send({ $case: 'heartbeatAck', value: { sequence, status: njordr.ProviderStatus.ACTIVE } });
  }
}

function connectionOf(
  received: njordr.AgentMessage[],
  send: (body: MarketBody) => void,
  end: () => void,
  over: Promise<void>,
): AgentConnection {
  const all = <Case extends AgentBody['$case']>(kind: Case) =>
    received.flatMap(({ body }) => (body?.$case === kind ? [body.value as BodyOf<Case>] : []));
  return { received, send, all, next: (kind, n = 0) => eventually(() => all(kind)[n]), end, over };
}

/** Asks until there is an answer. @throws after twenty seconds: a program takes its time to start on a busy machine */
export async function eventually<T>(ask: () => T | undefined): Promise<T> {
  for (const until = Date.now() + 20_000; Date.now() < until;) {
    const answer = ask();
    if (answer !== undefined && answer !== false) return answer;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`did not happen in time: ${ask.toString()}`);
}
