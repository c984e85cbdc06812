import { common, njordr } from '@edda/contracts';
import { waitFor } from '@edda/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collect, openRequests, type OpenedRequests, parameters } from './support/open-requests.ts';
import { type TestAgent } from './support/test-agent.ts';
import { expectWhoPays } from './support/who-pays.ts';

describe('domain.md, who pays: hostile agents, over the real link', () => {
  let open: OpenedRequests;
  let agent: TestAgent;
  const start = async (link: object = {}) => {
    open = await openRequests({ linked: true, settings: { link } });
    agent = open.agent('p1');
    await agent.hello({ capacity: 100 });
  };
  beforeEach(() => start());
  afterEach(() => open.close());

  const execute = (changes = {}) => {
    const running = collect(
      open.client().compute.executeRequest({ idempotencyKey: '', parameters: parameters(changes) }),
    );
    running.catch(() => undefined);
    return running;
  };
  /** The next candidate, which answers as it should. */
  const honest = async () => {
    const other = open.agent('p2');
    other.onJob = (job) => {
      other.chunk(job, 1n, 'four five');
      other.done(job, 1n);
    };
    await other.hello();
    return other;
  };
  const accept = ({ jobId, attempt }: njordr.Job) => agent.send({ $case: 'jobAccepted', value: { jobId, attempt } });
  /** Takes a job and delivers two tokens of it. */
  const begin = async (changes = {}) => {
    const running = execute(changes);
    const job = await agent.next('job');
    accept(job);
    agent.chunk(job, 1n, 'one two');
    await expect
      .poll(async () => (await open.pool.query('SELECT FROM transactions WHERE checkpoint IS NOT NULL')).rowCount, {
        timeout: 15_000,
      })
      .toBe(1);
    return { running, job };
  };
  const failedMidway = { state: 'COMPLETED', finish: 'PROVIDER_FAILED', output: 2, input: false } as const;

  it('stalls before its first token: the next provider answers, input once', async () => {
    await open.close();
    await start({ acceptTimeoutMs: 100 });
    await honest();
    const { text } = await execute();
    expect(text).toBe('four five');
    await expectWhoPays(open, { state: 'COMPLETED', finish: 'STOP', output: 2, input: true, provider: 'p2' });
  });

  it('takes the job and stalls before its first token: nothing is paid', async () => {
    const running = execute({ timeoutMs: 1_000n });
    accept(await agent.next('job'));
    await expect(running).rejects.toMatchObject({ reason: 'DEADLINE_EXCEEDED' });
    await expectWhoPays(open, { state: 'FAILED', output: 0, input: false });
  });

  it('stalls in the middle: what was delivered is paid when the deadline has passed', async () => {
    const { running } = await begin({ timeoutMs: 4_000n });
    expect((await running).text).toBe('one two');
    await expectWhoPays(open, { state: 'COMPLETED', finish: 'CANCELLED', output: 2, input: true });
  });

  it('disconnects before its first token: the next provider answers', async () => {
    await honest();
    const running = execute();
    await agent.next('job');
    agent.close();
    expect((await running).text).toBe('four five');
    await expectWhoPays(open, { state: 'COMPLETED', finish: 'STOP', output: 2, input: true, provider: 'p2' });
  });

  it('disconnects in the middle: the delivered output, no input', async () => {
    const { running } = await begin();
    agent.close();
    expect((await running).text).toBe('one two');
    await expectWhoPays(open, failedMidway);
  });

  it('connects again and again in the middle: the job on the old line has failed, the next request is served', async () => {
    const { running } = await begin();
    for (let count = 0; count < 25; count += 1) await agent.hello({ capacity: 100 });
    expect((await running).text).toBe('one two');
    await expectWhoPays(open, failedMidway);
    const next = execute();
    const job = await agent.next('job');
    agent.chunk(job, 1n, 'three');
    agent.done(job, 1n);
    expect((await next).text).toBe('three');
  });

  const garbage: [string, (job: njordr.Job) => void][] = [
    ['a gap in the sequence', (job) => agent.chunk(job, 3n, ' three')],
    ['a chunk twice', (job) => agent.chunk(job, 1n, 'one two')],
    ['a chunk of 65,537 bytes', (job) => agent.chunk(job, 2n, 'x'.repeat(65_537))],
    ['a job that is accepted twice', accept],
    [
      'a rejection after the first chunk',
      ({ jobId, attempt }) => agent.send({ $case: 'jobRejected', value: { jobId, attempt, reason: 1, message: '' } }),
    ],
    ['an end that names another last chunk', (job) => agent.done(job, 9n)],
    [
      'a claim beyond all bounds',
      ({ jobId, attempt }) =>
        agent.send({
          $case: 'done',
          value: njordr.Done.fromPartial({
            ...{ jobId, attempt, finishReason: 1, lastSequence: 1n, claimedOutputTokens: 10n ** 15n },
          }),
        }),
    ],
    [
      'a tool call at an index that would cost memory',
      ({ jobId, attempt }) =>
        agent.send({
          $case: 'chunk',
          value: njordr.Chunk.fromPartial({
            ...{ jobId, attempt, sequence: 2n },
            toolCalls: [{ index: 2_147_483_647, id: 'c', name: 'f', arguments: '{}' }],
          }),
        }),
    ],
    [
      'chunks of nothing without end',
      (job) => {
        for (let sequence = 2n; sequence <= 4_000n; sequence += 1n) agent.chunk(job, sequence, '');
      },
    ],
    [
      'an error in the provider’s own words',
      ({ jobId, attempt }) =>
        agent.send({ $case: 'jobFailed', value: { jobId, attempt, errorClass: 3, message: 'x\0'.repeat(100_000) } }),
    ],
  ];
  it.each(garbage)('sends %s in the middle: the delivered output, no input', async (_, misbehave) => {
    const { running, job } = await begin({ maxOutputTokens: 100n });
    misbehave(job);
    expect((await running).text).toBe('one two');
    await expectWhoPays(open, failedMidway);
  });

  it('sends messages that this version does not know: they are skipped', async () => {
    const { running, job } = await begin();
    agent.send(undefined as never);
    agent.done(job, 1n);
    expect((await running).text).toBe('one two');
    await expectWhoPays(open, { state: 'COMPLETED', finish: 'STOP', output: 2, input: true });
  });

  it('writes more than was asked for: cut at the budget, paid to the budget, and told to stop', async () => {
    const running = execute({ maxOutputTokens: 3n });
    const job = await agent.next('job');
    agent.chunk(job, 1n, 'one two');
    for (let sequence = 2n; sequence <= 20n; sequence += 1n) agent.chunk(job, sequence, ' three four');
    expect((await agent.next('cancelJob')).reason).toBe(njordr.CancelReason.COST_LIMIT);
    const { text, receipt } = await running;
    expect(text).toBe('one two three');
    expect(receipt?.releasedCents).toBe(0n);
    await expectWhoPays(open, { state: 'COMPLETED', finish: 'LENGTH', output: 3, input: true });
  });

  it('lies about its tokens: our count is billed, its claim is stored beside it', async () => {
    const { running, job } = await begin();
    const { jobId, attempt } = job;
    const claims = { claimedInputTokens: 1_000n, claimedOutputTokens: 20n };
    const done = { jobId, attempt, finishReason: common.FinishReason.STOP, lastSequence: 1n, ...claims };
    agent.send({ $case: 'done', value: njordr.Done.fromPartial(done) });
    await running;
    await expectWhoPays(open, { state: 'COMPLETED', finish: 'STOP', output: 2, input: true });
    expect(open.heidrun.captures[0]?.legs).toMatchObject([claims]);
    const { rows } = await open.pool.query(`SELECT claimed_output_tokens AS claimed FROM transaction_legs`);
    expect(rows).toEqual([{ claimed: 20n }]);
  });

  it('speaks for somebody else: refused, and the other’s job goes on', async () => {
    const thief = open.agent('p2');
    await thief.hello();
    const { running, job } = await begin();
    // Under its own name, and under the other's.
    thief.chunk(job, 2n, ' stolen');
    thief.send({ $case: 'done', value: njordr.Done.fromPartial({ ...job, finishReason: 1 }) }, { providerId: 'p1' });
    thief.send({ $case: 'chunk', value: njordr.Chunk.fromPartial({ jobId: 'nobody', attempt: 1, sequence: 1n }) });
    expect([(await thief.next('rejected')).reason, (await thief.next('rejected')).reason]).toEqual([
      ...['INVALID_INPUT', 'HELLO_REQUIRED'],
    ]);
    thief.send({ $case: 'hello', value: njordr.Hello.fromPartial({ deviceId: 'p1' }) }, { providerId: '' });
    await waitFor(() =>
      thief.received.some(({ body }) => body?.$case === 'rejected' && body.value.reason === 'NOT_FOUND'),
    );
    agent.done(job, 1n);
    expect((await running).text).toBe('one two');
    await expectWhoPays(open, { state: 'COMPLETED', finish: 'STOP', output: 2, input: true });
  });

  it('goes on after its end, and ends twice: billed once', async () => {
    const { running, job } = await begin();
    agent.done(job, 1n);
    agent.chunk(job, 2n, ' three');
    agent.done(job, 2n);
    expect((await running).text).toBe('one two');
    expect(await agent.next('rejected')).toMatchObject({ message: 'a message for a job that is over' });
    await expectWhoPays(open, { state: 'COMPLETED', finish: 'STOP', output: 2, input: true });
  });

  it('ends without a word: nothing is paid', async () => {
    const running = execute();
    agent.done(await agent.next('job'), 0n);
    await expect(running).rejects.toMatchObject({ reason: 'EMPTY_ANSWER' });
    await expectWhoPays(open, { state: 'FAILED', output: 0, input: false });
  });

  it('never acknowledges a cancellation and goes on: what came before it is paid, its place is free', async () => {
    const { running, job } = await begin();
    const { rows } = await open.pool.query<{ id: string }>('SELECT request_id AS id FROM transactions');
    await open.client().compute.cancelRequest({ requestId: rows[0]!.id, idempotencyKey: '', reason: '' });
    await agent.next('cancelJob');
    for (let sequence = 2n; sequence <= 200n; sequence += 1n) agent.chunk(job, sequence, ' more');
    expect((await running).text).toBe('one two');
    await expectWhoPays(open, { state: 'COMPLETED', finish: 'CANCELLED', output: 2, input: true });
  });

  it('floods with heartbeats in the middle: they are answered, and the job is done', async () => {
    const { running, job } = await begin();
    for (let sequence = 1n; sequence <= 5_000n; sequence += 1n) {
      agent.send({ $case: 'heartbeat', value: njordr.Heartbeat.fromPartial({ sequence }) });
    }
    agent.done(job, 1n);
    expect((await running).text).toBe('one two');
    await expectWhoPays(open, { state: 'COMPLETED', finish: 'STOP', output: 2, input: true });
  });

  it('says Hello for thousands of providers, or one that is larger than a message: others are served', async () => {
    const crowd = open.agent('p2');
    for (let count = 0; count < 3_000; count += 1) {
      crowd.send({ $case: 'hello', value: njordr.Hello.fromPartial({ deviceId: `d${count}` }) }, { providerId: '' });
    }
    const { running, job } = await begin();
    agent.done(job, 1n);
    expect((await running).text).toBe('one two');
    await waitFor(() => crowd.received.length === 3_000, { timeoutMs: 20_000 });
    crowd.send({ $case: 'hello', value: njordr.Hello.fromPartial({ deviceId: 'x'.repeat(5_000_000) }) });
    await waitFor(() => crowd.ended !== undefined, { timeoutMs: 20_000 });
    await expectWhoPays(open, { state: 'COMPLETED', finish: 'STOP', output: 2, input: true });
  });
});
