import { asFault, commonFaults, Fault } from '@edda/faults';
import { type njordr } from '@edda/contracts';
import { type CallContext } from '@edda/grpc-kit';
import { type LinkHandlerDeps } from './create-link-handlers.ts';
import { createEventQueue, type EventQueue } from './event-queue.ts';
import { ownerOf } from './hello-owner.ts';
import { createProviderLine, type ProviderLine } from './provider-line.ts';
import { planHandover } from './plan-handover.ts';

export interface AgentStreamOptions extends LinkHandlerDeps {
  ctx: CallContext;
  onRejected: (reason: string) => void;
}

/** One Connect call: the providers that speak over it, and what is sent to them. */
export interface AgentStream {
  readonly outgoing: EventQueue<njordr.MarketMessage>;
  /** Reads until the agent is done; never rejects. */
  read(requests: AsyncIterable<njordr.AgentMessage>): Promise<void>;
  close(why: string): void;
}

/** More waits only for an agent that stopped reading; its stream is ended then. */
const MOST_WAITING_MESSAGES = 20_000;
const HELLOS_AT_ONCE = 64;
/** Reasons of Rejected; what else goes wrong with a Hello is ours, and worth another try. */
const rejectionReasons: ReadonlySet<string> = new Set([
  'NOT_FOUND',
  'PROVIDER_SUSPENDED',
  'PROVIDER_UNREGISTERED',
  'PROVIDER_LIMIT_REACHED',
  'USER_BLOCKED',
  'INVALID_INPUT',
  'ROLE_FORBIDDEN',
]);
const RETRY_AFTER_MS = 1_000;

export function createAgentStream(options: AgentStreamOptions): AgentStream {
  const { hub, registry, clock, ctx } = options;
  const outgoing = createEventQueue<njordr.MarketMessage>();
  const lines = new Map<string, ProviderLine>();
  const greetings = new Set<Promise<void>>();
  let closed = false;
  let leaving = false;

  const post = (message: njordr.MarketMessage) => {
    if (outgoing.length < MOST_WAITING_MESSAGES) outgoing.push(message);
    else close('the agent stopped reading');
  };
  const reject = (providerId: string, deviceId: string, reason: string, message: string, retryAfterMs: number) => {
    options.onRejected(reason);
    post({ providerId, deviceId, body: { $case: 'rejected', value: { reason, message, retryAfterMs } } });
  };
  const stopHandover = planHandover({
    ctx,
    now: () => clock.now().getTime(),
    drainBeforeExpiryMs: options.settings().link.drainBeforeExpiryMs,
    post,
    onAsked: () => (leaving = true),
    stopJobs: () => [...lines.values()].forEach((line) => hub.drain(line)),
    idle: () => [...lines.values()].every((line) => line.jobs === 0),
    end: () => close('the market is going down'),
  });
  function close(why: string): void {
    if (closed) return;
    closed = true;
    stopHandover();
    ctx.signal.removeEventListener('abort', onAbort);
    for (const line of lines.values()) hub.detach(line, why);
    lines.clear();
    outgoing.finish();
  }
  const onAbort = () => close('the connection was lost');
  ctx.signal.addEventListener('abort', onAbort, { once: true });

  async function greet(message: njordr.AgentMessage, hello: njordr.Hello): Promise<void> {
    const deviceId = hello.deviceId === '' ? message.deviceId : hello.deviceId;
    try {
      const settings = options.settings().link;
      if (!lines.has(message.providerId) && lines.size >= settings.maxProvidersPerStream) {
        throw commonFaults.INVALID_INPUT(`More than ${settings.maxProvidersPerStream} providers over one stream.`);
      }
      const owner = ownerOf(message, ctx.identity);
      const found = await registry.greet({ ...owner, providerId: message.providerId, deviceId, hello });
      if (!closed) welcome(found, deviceId, hello);
    } catch (error) {
      refuseHello(message.providerId, deviceId, asFault(error));
    }
  }
  function welcome(found: { providerId: string; status: number }, deviceId: string, hello: njordr.Hello): void {
    const { providerId } = found;
    const settings = options.settings().link;
    const epoch = hub.nextEpoch();
    const line = createProviderLine({
      providerId,
      deviceId,
      epoch,
      settings,
      now: () => clock.now().getTime(),
      send: post,
      leaving: () => leaving,
      unread: hub.unread,
      onJobs: (change) => hub.jobsChanged(change),
    });
    lines.set(providerId, line);
    line.send({
      $case: 'welcome',
      value: {
        status: found.status as njordr.ProviderStatus,
        heartbeatIntervalMs: settings.heartbeatIntervalMs,
        tokenExpiresAt: ctx.identity.expiresAt,
        chunkWindow: settings.chunkWindow,
        connectionEpoch: epoch,
      },
    });
    hub.attach(line);
    registry.connected(providerId, hello);
  }
  function refuseHello(providerId: string, deviceId: string, fault: Fault): void {
    if (rejectionReasons.has(fault.reason)) {
      reject(providerId, deviceId, fault.reason, fault.message, 0);
      return;
    }
    options.logger.module('link').warn({ err: fault, device_id: deviceId }, 'a hello could not be served');
    const message = 'The market cannot serve this Hello right now.';
    reject(providerId, deviceId, 'INVALID_INPUT', message, fault.retryAfterMs ?? RETRY_AFTER_MS);
  }

  function violation(line: ProviderLine, problem: string): void {
    line.violations += 1;
    options.logger.module('link').warn({ provider_id: line.providerId, problem }, 'a provider broke the protocol');
    reject(line.providerId, line.deviceId, 'INVALID_INPUT', problem, RETRY_AFTER_MS);
    if (line.violations <= options.settings().link.maxViolations) return;
    lines.delete(line.providerId);
    hub.detach(line, 'the provider broke the protocol too often');
  }

  function receive(message: njordr.AgentMessage): void {
    const { body } = message;
    const line = lines.get(message.providerId);
    if (line === undefined || !(line.leaving || hub.isCurrent(line))) {
      reject(message.providerId, message.deviceId, 'HELLO_REQUIRED', 'Say Hello first.', RETRY_AFTER_MS);
      return;
    }
    hub.heard(line);
    switch (body?.$case) {
      case 'heartbeat': {
        const status = registry.statusOf(line.providerId);
        line.send({ $case: 'heartbeatAck', value: { sequence: body.value.sequence, status } });
        return;
      }
      case 'drain':
        hub.drain(line);
        return;
      case 'probeResult':
      case 'jobAccepted':
      case 'jobRejected':
      case 'chunk':
      case 'done':
      case 'jobFailed': {
        const problem = body.$case === 'probeResult' ? line.receiveProbe(body.value) : line.receiveJob(body);
        if (problem !== undefined) violation(line, problem);
        return;
      }
      case 'hello':
      case undefined:
        // A newer agent may say things this version does not know.
        return;
    }
  }

  return {
    outgoing,
    close,
    async read(requests) {
      try {
        for await (const message of requests) {
          if (closed) return;
          if (message.body?.$case !== 'hello') {
            receive(message);
            continue;
          }
          const greeting = greet(message, message.body.value).finally(() => greetings.delete(greeting));
          greetings.add(greeting);
          if (greetings.size >= HELLOS_AT_ONCE) await Promise.race(greetings);
        }
        await Promise.all(greetings);
        close('the agent closed the connection');
      } catch (error) {
        if (!(error instanceof Fault)) options.logger.warn({ err: error }, 'an agent’s stream broke');
        close('the connection was lost');
      }
    },
  };
}
