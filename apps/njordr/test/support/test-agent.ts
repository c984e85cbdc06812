import { njordr } from '@edda/contracts';
import { createGrpcClient } from '@edda/grpc-kit';
import { waitFor } from '@edda/testing';
import { silentLogger } from '@edda/telemetry';
import { createEventQueue } from '../../src/link/event-queue.ts';

type AgentBody = NonNullable<njordr.AgentMessage['body']>;
type Case = NonNullable<njordr.MarketMessage['body']>['$case'];
type BodyOf<C extends Case> = Extract<NonNullable<njordr.MarketMessage['body']>, { $case: C }>['value'];

export interface TestAgent {
  /** Everything the market has sent, oldest first. */
  received: njordr.MarketMessage[];
  providerId: string;
  /** Probes are answered with this; undefined leaves them unanswered. */
  probeAnswer: Partial<njordr.ProbeResult> | undefined;
  /** Takes every job; undefined leaves jobs to the test. */
  onJob: ((job: njordr.Job) => void) | undefined;
  send(body: AgentBody, envelope?: Partial<njordr.AgentMessage>): void;
  /** Says Hello and waits for Welcome, whose provider it speaks for from then on. */
  hello(hello?: Partial<njordr.Hello>, envelope?: Partial<njordr.AgentMessage>): Promise<njordr.Welcome>;
  /** Waits for the first message of a kind that was not returned before. */
  next<C extends Case>(kind: C): Promise<BodyOf<C>>;
  chunk(job: njordr.Job, sequence: bigint, content: string): void;
  done(job: njordr.Job, lastSequence: bigint): void;
  /** How the stream ended; undefined while it is open. */
  ended: { error?: unknown } | undefined;
  close(): void;
}

export const testModel: Partial<njordr.ModelOffer> & { model: string } = { model: 'tiny', contextLength: 4_096n };

export function helloOf(deviceId: string, more: Partial<njordr.Hello> = {}): njordr.Hello {
  return njordr.Hello.fromPartial({
    deviceId,
    agentVersion: '1.0.0',
    models: [testModel],
    capacity: 2,
    price: { priceCents: 3n, priceUnitTokens: 1_000n },
    ...more,
  });
}

/** A device's agent over a real stream that does exactly what the test says. */
export function connectAgent(address: string, token: () => Promise<string>, deviceId: string): TestAgent {
  const client = createGrpcClient(njordr.ProviderLinkService, { address, token, logger: silentLogger() });
  const outgoing = createEventQueue<njordr.AgentMessage>();
  const stopping = new AbortController();
  const taken = new Set<njordr.MarketMessage>();
  const about = ({ jobId, attempt }: njordr.Job) => ({ jobId, attempt });

  const agent: TestAgent = {
    received: [],
    providerId: '',
    probeAnswer: { output: 'ready', ttftMs: 5, durationMs: 9 },
    onJob: undefined,
    ended: undefined,
    send(body, envelope = {}) {
      outgoing.push({ providerId: agent.providerId, deviceId, ownerId: '', networkId: '', body, ...envelope });
    },
    async hello(hello = {}, envelope = {}) {
      agent.send({ $case: 'hello', value: helloOf(deviceId, hello) }, envelope);
      return agent.next('welcome');
    },
    async next(kind) {
      const message = await waitFor(() => agent.received.find((m) => m.body?.$case === kind && !taken.has(m)), {
        what: `a ${kind} message`,
      });
      taken.add(message);
      return message.body?.value as never;
    },
    chunk(job, sequence, content) {
      const value = { ...about(job), sequence, content, reasoning: '', toolCalls: [] };
      agent.send({ $case: 'chunk', value });
    },
    done(job, lastSequence) {
      const value = njordr.Done.fromPartial({ ...about(job), finishReason: 1, lastSequence });
      agent.send({ $case: 'done', value });
    },
    close() {
      outgoing.finish();
      stopping.abort();
      client.close();
    },
  };
  const read = async () => {
    for await (const message of client.connect(outgoing, { deadlineMs: Infinity, signal: stopping.signal })) {
      agent.received.push(message);
      const { body } = message;
      if (body?.$case === 'welcome') agent.providerId = message.providerId;
      if (body?.$case === 'probe' && agent.probeAnswer !== undefined) {
        const value = njordr.ProbeResult.fromPartial({ probeId: body.value.probeId, ...agent.probeAnswer });
        agent.send({ $case: 'probeResult', value }, { providerId: message.providerId });
      }
      if (body?.$case === 'job') agent.onJob?.(body.value);
    }
  };
  read().then(
    () => (agent.ended = {}),
    (error: unknown) => (agent.ended = { error }),
  );
  return agent;
}
