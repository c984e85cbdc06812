import { clientOf, type MarketUser, tokensOf } from '@edda/app-edda/separate';
import { njordr } from '@edda/contracts';
import { type World } from '../world/open-world.ts';
import { createOutgoing, type Outgoing } from './outgoing.ts';
import { type Random } from './random.ts';
import { type AgentFault } from './schedule.ts';

/** A provider that is cheap, always wants work, and cannot be trusted. */
export interface HostileAgent {
  behave(fault: AgentFault): void;
  close(): Promise<void>;
}

const words = ['The', ' ash', ' stands', ' ever', ' green', ' above', ' the', ' well.'];
const reconnectMs = 250;

type Body = NonNullable<njordr.AgentMessage['body']>;

/** Connects to the market's edge for agents and comes back whenever the line is lost. */
export function startHostileAgent(world: World, owner: MarketUser, model: string, random: Random): HostileAgent {
  const closing = new AbortController();
  let fault: AgentFault = 'none';
  const line = async () => {
    const { market, logger } = world;
    const link = clientOf(njordr.ProviderLinkService, market.addresses.njordr, tokensOf(market, owner), logger);
    const outgoing = createOutgoing<njordr.AgentMessage>();
    const ending = new AbortController();
    const signal = AbortSignal.any([closing.signal, ending.signal]);
    let providerId = '';
    const send = (body: Body) => outgoing.push({ providerId, deviceId: 'hostile', ownerId: '', networkId: '', body });
    send({ $case: 'hello', value: hello(model) });
    let sequence = 0n;
    let heartbeat: NodeJS.Timeout | undefined;
    try {
      for await (const message of link.connect(outgoing, { deadlineMs: Infinity, signal })) {
        const { body } = message;
        if (body?.$case === 'welcome') {
          ({ providerId } = message);
          heartbeat = setInterval(() => {
            const value = njordr.Heartbeat.fromPartial({ sequence: ++sequence, freeCapacity: 4 });
            send({ $case: 'heartbeat', value });
          }, 1_000);
        }
        if (body?.$case === 'probe') {
          const value = njordr.ProbeResult.fromPartial({
            probeId: body.value.probeId,
            output: 'ready',
            ttftMs: 5,
            durationMs: 9,
          });
          send({ $case: 'probeResult', value });
        }
        if (body?.$case === 'job') serve(body.value, fault, { send, disconnect: () => ending.abort(), random });
      }
    } finally {
      clearInterval(heartbeat);
      outgoing.finish();
      link.close();
    }
  };
  const running = (async () => {
    while (!closing.signal.aborted) {
      await line().catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, reconnectMs));
    }
  })();
  return {
    behave: (next) => void (fault = next),
    async close() {
      closing.abort();
      await running;
    },
  };
}

function hello(model: string): njordr.Hello {
  return njordr.Hello.fromPartial({
    ...{ deviceId: 'hostile', agentVersion: '1.0.0', capacity: 4 },
    models: [{ model, contextLength: 4_096n }],
    price: { priceCents: 30n, priceUnitTokens: 1_000n },
    sharing: { scope: njordr.SharingScope.PUBLIC },
  });
}

export interface Means {
  send: (body: Body) => Outgoing<njordr.AgentMessage> | void;
  disconnect: () => void;
  random: Random;
}

/** Answers a job, or does what the fault says at a random place of it. */
export function serve({ jobId, attempt }: njordr.Job, fault: AgentFault, { send, disconnect, random }: Means): void {
  const about = { jobId, attempt };
  if (fault === 'refuses') {
    return void send({ $case: 'jobRejected', value: njordr.JobRejected.fromPartial({ ...about, reason: 1 }) });
  }
  send({ $case: 'jobAccepted', value: about });
  const until = fault === 'none' || fault === 'lies' ? words.length : random.between(0, words.length - 1);
  for (const [index, content] of words.slice(0, until).entries()) {
    send({ $case: 'chunk', value: { ...about, sequence: BigInt(index + 1), content, reasoning: '', toolCalls: [] } });
  }
  // A stall says nothing more, ever: the market's own patience has to end it.
  if (fault === 'stalls') return;
  if (fault === 'disconnects') return disconnect();
  if (fault === 'garbles') {
    const wrong = { jobId: `${jobId}-not`, attempt: attempt + 7, sequence: 99n };
    return void send({ $case: 'chunk', value: { ...wrong, content: '\u0000\ufffd', reasoning: '', toolCalls: [] } });
  }
  const claimed = fault === 'lies' ? 1_000_000n : BigInt(words.length);
  const lastSequence = BigInt(words.length);
  send({
    $case: 'done',
    value: njordr.Done.fromPartial({
      ...about,
      finishReason: 1,
      lastSequence,
      claimedInputTokens: claimed,
      claimedOutputTokens: claimed,
    }),
  });
}
