import { common, njordr } from '@edda/contracts';
import { waitFor } from '@edda/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collect, expectFault, jobOf } from './support/link-jobs.ts';
import { type Market, openMarket } from './support/open-market.ts';
import { type TestAgent } from './support/test-agent.ts';

describe('the link to providers', () => {
  let market: Market;
  const open = async (link: object = {}) => void (market = await openMarket({ link }));
  beforeEach(() => open());
  afterEach(() => market.close());

  const connect = async (deviceId = 'anvil', hello: Partial<njordr.Hello> = {}): Promise<TestAgent> => {
    const agent = market.agent(deviceId);
    await agent.hello(hello);
    return agent;
  };
  const start = async (agent: TestAgent, more: Partial<njordr.Job> = {}) => {
    const handle = market.providers.hub.dispatch(jobOf(more), agent.providerId);
    const events = collect(handle);
    return { handle, events, job: await agent.next('job') };
  };

  it('carries a job from dispatch to done, chunk by chunk', async () => {
    const agent = await connect();
    const { job, events } = await start(agent);
    agent.send({ $case: 'jobAccepted', value: { jobId: job.jobId, attempt: 1 } });
    agent.chunk(job, 1n, 'Hel');
    agent.chunk(job, 2n, 'lo');
    const { STOP } = common.FinishReason;
    const done = { jobId: job.jobId, attempt: 1, finishReason: STOP, lastSequence: 2n, claimedOutputTokens: 2n };
    agent.send({ $case: 'done', value: njordr.Done.fromPartial(done) });
    expect(await events).toEqual([
      { type: 'accepted' },
      { type: 'chunk', sequence: 1n, content: 'Hel', reasoning: '', toolCalls: [] },
      { type: 'chunk', sequence: 2n, content: 'lo', reasoning: '', toolCalls: [] },
      { type: 'done', finishReason: STOP, claimedInputTokens: undefined, claimedOutputTokens: 2n },
    ]);
    expect(market.providers.hub.jobsInFlight).toBe(0);
  });

  it('a job for a provider without a line is no capacity, at once', async () => {
    const events = await collect(market.providers.hub.dispatch(jobOf(), 'nobody'));
    expect(events).toMatchObject([{ type: 'failed', errorClass: 'no-capacity' }]);
  });

  it.each([
    [njordr.JobRejectionReason.NO_CAPACITY, 'no-capacity'],
    [njordr.JobRejectionReason.DRAINING, 'no-capacity'],
    [njordr.JobRejectionReason.BAD_REQUEST, 'bad-request'],
  ])('a rejection with reason %i is judged as %s', async (reason, errorClass) => {
    const agent = await connect();
    const { job, events } = await start(agent);
    agent.send({ $case: 'jobRejected', value: { jobId: job.jobId, attempt: 1, reason, message: '' } });
    expect(await events).toMatchObject([{ type: 'failed', errorClass }]);
  });

  it('acknowledges what the reader took, so that a slow reader slows the provider down', async () => {
    await market.close();
    await open({ chunkWindow: 4 });
    const agent = await connect();
    const handle = market.providers.hub.dispatch(jobOf(), agent.providerId);
    const job = await agent.next('job');
    for (const sequence of [1n, 2n, 3n, 4n]) agent.chunk(job, sequence, 'x');
    await waitFor(() => market.providers.hub.jobsInFlight === 1);
    expect(agent.received.some((message) => message.body?.$case === 'chunkAck')).toBe(false);
    const reader = handle.events[Symbol.asyncIterator]();
    await reader.next();
    expect((await agent.next('chunkAck')).sequence).toBe(1n);
    agent.chunk(job, 5n, 'x');
    await reader.next();
    expect((await agent.next('chunkAck')).sequence).toBe(2n);
  });

  it('cancelling ends the events without another chunk; what was under way is ignored', async () => {
    const agent = await connect();
    const { job, handle, events } = await start(agent);
    handle.cancel('cost-limit');
    expect(await agent.next('cancelJob')).toEqual({
      jobId: job.jobId,
      attempt: 1,
      reason: njordr.CancelReason.COST_LIMIT,
    });
    agent.chunk(job, 1n, 'late');
    agent.done(job, 1n);
    expect(await events).toMatchObject([{ type: 'done', finishReason: common.FinishReason.CANCELLED }]);
    const { events: next, job: second } = await start(agent);
    agent.done(second, 0n);
    await next;
    expect(agent.received.filter((message) => message.body?.$case === 'rejected')).toEqual([]);
  });

  it('leaving the reader early cancels the job', async () => {
    const agent = await connect();
    const handle = market.providers.hub.dispatch(jobOf(), agent.providerId);
    const job = await agent.next('job');
    agent.chunk(job, 1n, 'x');
    for await (const event of handle.events) if (event.type === 'chunk') break;
    expect((await agent.next('cancelJob')).reason).toBe(njordr.CancelReason.REQUESTER);
    expect(market.providers.hub.jobsInFlight).toBe(0);
  });

  it('the loss of the line fails its jobs as the provider’s fault and takes it OFFLINE', async () => {
    const agent = await connect();
    const { events } = await start(agent);
    agent.close();
    await expectFault(events, 'connection');
    await waitFor(() => !market.providers.hub.isConnected(agent.providerId));
    const { provider } = await market.client('freya').getProvider({ providerId: agent.providerId });
    expect(provider?.availability).toBe(njordr.ProviderAvailability.OFFLINE);
  });

  it('heartbeats are acknowledged; three missed mean OFFLINE until the next one', async () => {
    await market.close();
    await open({ heartbeatIntervalMs: 100 });
    const agent = await connect();
    const beat = (sequence: bigint) =>
      agent.send({ $case: 'heartbeat', value: njordr.Heartbeat.fromPartial({ sequence }) });
    beat(1n);
    expect(await agent.next('heartbeatAck')).toMatchObject({ sequence: 1n });
    const { hub } = market.providers;
    const { events } = await start(agent);
    await waitFor(() => !hub.isConnected(agent.providerId));
    await expectFault(events, 'heartbeats');
    beat(2n);
    await waitFor(() => hub.isConnected(agent.providerId));
  });

  it('a newer connection replaces the older one', async () => {
    const older = await connect();
    const { events } = await start(older);
    const newer = await connect();
    expect(newer.providerId).toBe(older.providerId);
    expect((await older.next('rejected')).reason).toBe('CONNECTION_REPLACED');
    await expectFault(events, 'another connection');
    older.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(market.providers.hub.isConnected(newer.providerId)).toBe(true);
    const { events: served, job } = await start(newer);
    newer.done(job, 0n);
    expect(await served).toMatchObject([{ type: 'done' }]);
  });

  it('after Drain no job is given, and running ones finish', async () => {
    const agent = await connect();
    const { events, job } = await start(agent);
    agent.send({ $case: 'drain', value: { reason: 'bed time' } });
    const { hub } = market.providers;
    await waitFor(async () => {
      const [event] = await collect(hub.dispatch(jobOf({ deadline: new Date() }), agent.providerId));
      return event?.type === 'failed' && event.errorClass === 'no-capacity';
    });
    agent.done(job, 0n);
    expect((await events).at(-1)).toMatchObject({ type: 'done' });
  });

  it('a draining market asks for another stream and ends this one when its jobs are done', async () => {
    const agent = await connect();
    const { events, job } = await start(agent);
    const closing = market.server.close({ graceMs: 5_000 });
    await agent.next('drainRequested');
    expect(agent.ended).toBeUndefined();
    agent.done(job, 0n);
    expect(await events).toMatchObject([{ type: 'done' }]);
    await closing;
    await waitFor(() => agent.ended);
  });

  it('asks for another stream before the token expires', async () => {
    const agent = market.agent('anvil', { ttlSeconds: 3 });
    const welcome = await agent.hello();
    const { closeAt } = await agent.next('drainRequested');
    expect(closeAt).toEqual(welcome.tokenExpiresAt);
  });

  it('jobs finish on the stream that is left, while new ones come over the new one', async () => {
    const leaving = market.agent('anvil', { ttlSeconds: 4 });
    await leaving.hello();
    const { events, job } = await start(leaving);
    await leaving.next('drainRequested');
    const fresh = await connect();
    const next = await start(fresh);
    leaving.chunk(job, 1n, 'x');
    leaving.done(job, 1n);
    expect(await events).toMatchObject([{ type: 'chunk' }, { type: 'done' }]);
    leaving.close();
    fresh.done(next.job, 0n);
    expect(await next.events).toMatchObject([{ type: 'done' }]);
    expect(leaving.received.filter((message) => message.body?.$case === 'rejected')).toEqual([]);
  });

  it('a second Hello over the same stream takes over quietly', async () => {
    const agent = await connect();
    await agent.hello();
    const { events, job } = await start(agent);
    agent.done(job, 0n);
    expect(await events).toMatchObject([{ type: 'done' }]);
    expect(agent.received.filter((message) => message.body?.$case === 'rejected')).toEqual([]);
  });

  it('one stream carries many devices of a service, each for the owner its Hello names', async () => {
    const relay = market.agent('relay', { owner: 'yggdrasil', networkId: 'edda', roles: ['service'] });
    const ids: string[] = [];
    for (const deviceId of ['one', 'two']) {
      relay.providerId = '';
      await relay.hello({ deviceId }, { deviceId, ownerId: `owner-${deviceId}`, networkId: 'asgard' });
      ids.push(relay.providerId);
    }
    const { rows } = await market.pool.query('SELECT owner_id FROM providers ORDER BY device_id');
    expect(rows).toEqual([{ owner_id: 'owner-one' }, { owner_id: 'owner-two' }]);
    for (const providerId of ids) {
      const events = collect(market.providers.hub.dispatch(jobOf(), providerId));
      const job = await relay.next('job');
      relay.providerId = providerId;
      relay.done(job, 0n);
      expect(await events).toMatchObject([{ type: 'done' }]);
    }
    relay.providerId = '';
    relay.send({ $case: 'hello', value: njordr.Hello.fromPartial({ deviceId: 'three' }) });
    expect(await relay.next('rejected')).toMatchObject({ reason: 'INVALID_INPUT' });
  });

  it.each([
    ['a stranger’s provider', 'loki', 'NOT_FOUND', {}],
    ['somebody else’s name', 'loki', 'ROLE_FORBIDDEN', { ownerId: 'freya', networkId: 'asgard' }],
  ])('%s is refused', async (_, owner, reason, envelope) => {
    const { providerId } = await connect();
    const thief = market.agent('anvil', { owner });
    thief.providerId = providerId;
    thief.send(
      {
        $case: 'hello',
        value: njordr.Hello.fromPartial({
          deviceId: 'anvil',
          agentVersion: '1',
          capacity: 1,
          models: [{ model: 'tiny', contextLength: 1n }],
        }),
      },
      envelope,
    );
    expect((await thief.next('rejected')).reason).toBe(reason);
    expect(market.providers.hub.isConnected(providerId)).toBe(true);
  });

  it('users without the role provider may not connect', async () => {
    const agent = market.agent('anvil', { roles: ['user'] });
    const ended = await waitFor(() => agent.ended);
    expect(ended.error).toMatchObject({ reason: 'ROLE_FORBIDDEN' });
  });

  it('a message before Hello is answered HELLO_REQUIRED', async () => {
    const agent = market.agent('anvil');
    agent.send({ $case: 'heartbeat', value: njordr.Heartbeat.fromPartial({ sequence: 1n }) });
    expect((await agent.next('rejected')).reason).toBe('HELLO_REQUIRED');
  });

  it('a job that nobody takes in time is transient; one past its deadline is a fault', async () => {
    await market.close();
    await open({ acceptTimeoutMs: 100 });
    const agent = await connect();
    const { events } = await start(agent);
    expect(await events).toMatchObject([{ type: 'failed', errorClass: 'transient' }]);
    const late = await start(agent, { deadline: new Date(Date.now() + 50) });
    agent.send({ $case: 'jobAccepted', value: { jobId: late.job.jobId, attempt: 1 } });
    await expectFault(late.events, 'deadline');
    expect((await agent.next('cancelJob')).reason).toBe(njordr.CancelReason.DEADLINE);
  });

  it('counts connected providers and jobs in flight', async () => {
    const agent = await connect();
    await start(agent);
    const text = await market.metrics.render();
    expect(text).toMatch(/edda_njordr_connected_providers\{[^}]*\} 1/);
    expect(text).toMatch(/edda_njordr_jobs_in_flight\{[^}]*\} 1/);
  });
});
