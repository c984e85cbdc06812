import { njordr } from '@edda/contracts';
import { waitFor } from '@edda/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collect, expectFault, jobOf } from './support/link-jobs.ts';
import { type Market, openMarket } from './support/open-market.ts';
import { helloOf, type TestAgent } from './support/test-agent.ts';

describe('garbage fails the job as a fault, is answered Rejected, and nothing else suffers', () => {
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
  const garbage: [string, (agent: TestAgent, job: njordr.Job) => void, RegExp][] = [
    ['a gap in the sequence', (agent, job) => agent.chunk(job, 2n, 'x'), /chunk 2 follows chunk 0/],
    [
      'a repeated chunk',
      (agent, job) => [1n, 1n].forEach((sequence) => agent.chunk(job, sequence, 'x')),
      /chunk 1 follows chunk 1/,
    ],
    ['an oversize chunk', (agent, job) => agent.chunk(job, 1n, 'x'.repeat(65_537)), /65,536 bytes/],
    [
      'more bytes than the job could need',
      (agent, job) => [1n, 2n, 3n].forEach((sequence) => agent.chunk(job, sequence, 'x'.repeat(65_000))),
      /larger than 116736 bytes/,
    ],
    ['a wrong last sequence', (agent, job) => agent.done(job, 7n), /names 7 as the last chunk/],
    [
      'a claim beyond 10^12 tokens',
      (agent, { jobId }) =>
        agent.send({
          $case: 'done',
          value: njordr.Done.fromPartial({ jobId, attempt: 1, finishReason: 1, claimedInputTokens: 10n ** 12n + 1n }),
        }),
      /claimed tokens/,
    ],
    [
      'no finish reason',
      (agent, { jobId }) => agent.send({ $case: 'done', value: njordr.Done.fromPartial({ jobId, attempt: 1 }) }),
      /finish reason/,
    ],
  ];
  it.each(garbage)('%s', async (_, misbehave, message) => {
    const agent = await connect();
    const other = await start(agent);
    const { job, events } = await start(agent);
    misbehave(agent, job);
    await expectFault(events, message);
    expect(await agent.next('rejected')).toMatchObject({ reason: 'INVALID_INPUT' });
    agent.done(other.job, 0n);
    expect(await other.events).toMatchObject([{ type: 'done' }]);
  });

  it('a window that is not honoured', async () => {
    await market.close();
    await open({ chunkWindow: 4 });
    const agent = await connect();
    const handle = market.providers.hub.dispatch(jobOf(), agent.providerId);
    const job = await agent.next('job');
    for (let sequence = 1n; sequence <= 5n; sequence += 1n) agent.chunk(job, sequence, 'x');
    expect(await agent.next('rejected')).toMatchObject({ message: 'more than 4 chunks are unacknowledged' });
    await expectFault(collect(handle), '4 chunks');
  });

  it('unknown job ids and chunks after done', async () => {
    const agent = await connect();
    agent.chunk(jobOf(), 1n, 'x');
    expect(await agent.next('rejected')).toMatchObject({ message: expect.stringContaining('not given') as string });
    const { job, events } = await start(agent);
    agent.done(job, 0n);
    await events;
    agent.chunk(job, 1n, 'x');
    expect(await agent.next('rejected')).toMatchObject({ message: 'a message for a job that is over' });
  });

  it('too much of it closes the line', async () => {
    await market.close();
    await open({ maxViolations: 2 });
    const agent = await connect();
    for (let count = 0; count < 3; count += 1) agent.chunk(jobOf(), 1n, 'x');
    await waitFor(() => !market.providers.hub.isConnected(agent.providerId));
  });

  it.each([-1, 128, 2_147_483_647])(
    'a tool call at index %i, which collecting would have to make room for',
    async (index) => {
      const agent = await connect();
      const { job, events } = await start(agent);
      const { jobId } = job;
      const toolCalls = [{ index, id: 'c', name: 'f', arguments: '{}' }];
      agent.send({ $case: 'chunk', value: njordr.Chunk.fromPartial({ jobId, attempt: 1, sequence: 1n, toolCalls }) });
      await expectFault(events, /index of a tool call/);
    },
  );

  it('control characters in what it says of itself, which no table could store', async () => {
    const agent = await connect();
    const { job, events } = await start(agent);
    const { jobId } = job;
    agent.send({
      $case: 'jobFailed',
      value: { jobId, attempt: 1, errorClass: njordr.JobErrorClass.BAD_REQUEST, message: 'no\0\nway' },
    });
    expect((await events).at(-1)).toMatchObject({ errorClass: 'bad-request', message: 'no  way' });
    const other = market.agent('hammer');
    other.send({ $case: 'hello', value: helloOf('hammer', { displayName: 'a\0b', agentVersion: '1\0' }) });
    expect(await other.next('rejected')).toMatchObject({ reason: 'INVALID_INPUT', retryAfterMs: 0 });
    const third = market.agent('tongs');
    third.probeAnswer = { error: 'bro\0ken' };
    await third.hello();
    await waitFor(async () => {
      const { rows } = await market.pool.query<{ detail: string }>(
        `SELECT test_detail AS detail FROM providers WHERE device_id = 'tongs'`,
      );
      return rows[0]?.detail === 'bro ken';
    });
  });
});
