import { common, njordr } from '@edda/contracts';
import { waitFor } from '@edda/testing';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { collect, parameters } from './support/open-requests.ts';
import { type OpenedReplicas, openReplicas } from './support/open-replicas.ts';
import { type TestAgent } from './support/test-agent.ts';

const Finish = common.FinishReason;
const redisUrl = inject('redisUrl');

describe.skipIf(redisUrl === '')('a request at one replica, its provider connected to the other', () => {
  let open: OpenedReplicas;
  let agent: TestAgent;
  beforeEach(async () => {
    open = await openReplicas(redisUrl);
    agent = await open.agent(open.a, 'anvil');
    await open.listed(open.b, 1);
  });
  afterEach(() => open.close());

  const execute = (at = open.b, key = '', changes = {}) => {
    const request = { idempotencyKey: key, parameters: parameters({ maxOutputTokens: 50n, ...changes }) };
    const running = collect(open.client(at).compute.executeRequest(request));
    running.catch(() => undefined);
    return running;
  };
  const row = async () =>
    (await open.pool.query<Record<string, unknown>>('SELECT * FROM transactions ORDER BY created_at DESC LIMIT 1'))
      .rows[0] ?? {};
  const ended = async (state: string) => {
    await expect.poll(async () => (await row())['state'], { timeout: 20_000 }).toBe(state);
    expect(open.heidrun.open()).toEqual([]);
    return row();
  };
  const accept = ({ jobId, attempt }: njordr.Job) => agent.send({ $case: 'jobAccepted', value: { jobId, attempt } });
  /** The agent delivers two tokens of a job. */
  const begin = async () => {
    const running = execute();
    const job = await agent.next('job');
    accept(job);
    agent.chunk(job, 1n, 'one two');
    await expect.poll(async () => (await row())['checkpoint'], { timeout: 20_000 }).not.toBeNull();
    return { running, job };
  };
  const answersAll = (to: TestAgent) =>
    (to.onJob = (job) => {
      to.chunk(job, 1n, 'four');
      to.chunk(job, 2n, ' five');
      to.done(job, 2n);
    });
  const inFlight = async () => [
    await open.a.metric('edda_njordr_jobs_in_flight'),
    await open.b.metric('edda_njordr_jobs_in_flight'),
  ];

  it('is answered whole, in order, and billed as ever', async () => {
    // No more than its window allows, which the test's agent does not heed by itself.
    const words = Array.from({ length: 30 }, (_, index) => ` ${index}`);
    agent.onJob = (job) => {
      accept(job);
      words.forEach((word, index) => agent.chunk(job, BigInt(index) + 1n, word));
      agent.done(job, BigInt(words.length));
    };
    const { text, receipt } = await execute(open.b, '', { maxOutputTokens: 500n });
    expect(text).toBe(words.join(''));
    expect(receipt).toMatchObject({ finishReason: Finish.STOP, providerIds: [agent.providerId] });
    const { rows } = await open.pool.query('SELECT provider_id FROM transaction_legs');
    expect(rows).toEqual([{ provider_id: agent.providerId }]);
    await expect.poll(inFlight).toEqual([0, 0]);
  });

  it('called off by its requester, stops at the device; what was delivered is billed', async () => {
    const stopping = new AbortController();
    const request = { idempotencyKey: '', parameters: parameters({ maxOutputTokens: 50n }) };
    const running = collect(open.client(open.b).compute.executeRequest(request, { signal: stopping.signal }));
    running.catch(() => undefined);
    const job = await agent.next('job');
    accept(job);
    agent.chunk(job, 1n, 'one two');
    await expect.poll(async () => (await row())['checkpoint'], { timeout: 20_000 }).not.toBeNull();
    stopping.abort();
    expect(await agent.next('cancelJob')).toMatchObject({ jobId: job.jobId, reason: njordr.CancelReason.REQUESTER });
    expect(await ended('COMPLETED')).toMatchObject({ finish_reason: Finish.CANCELLED, output_tokens: 2n });
    await expect.poll(inFlight).toEqual([0, 0]);
  });

  it('whose device is lost midway, bills the output without the input', async () => {
    const { running } = await begin();
    agent.close();
    const { receipt } = await running;
    expect(receipt).toMatchObject({ finishReason: Finish.PROVIDER_FAILED, inputTokens: 0n, outputTokens: 2n });
    await ended('COMPLETED');
    await open.listed(open.b, 0);
  });

  it('whose provider’s replica is killed midway, bills the output; the next request goes elsewhere', async () => {
    const { running } = await begin();
    open.a.cut();
    const { receipt } = await running;
    expect(receipt).toMatchObject({ finishReason: Finish.PROVIDER_FAILED, inputTokens: 0n, outputTokens: 2n });
    await ended('COMPLETED');
    await open.listed(open.b, 0);
    const other = await open.agent(open.b, 'bellows');
    answersAll(other);
    await open.listed(open.b, 1);
    expect((await execute()).text).toBe('four five');
  });

  it('fails without a bill when the only provider’s replica is killed before the first token', async () => {
    const running = execute();
    await agent.next('job');
    open.a.cut();
    await expect(running).rejects.toMatchObject({ reason: 'PROVIDERS_FAILED' });
    await ended('FAILED');
    expect(open.heidrun.captures).toEqual([]);
  });

  it('goes on while Redis is lost, and so do the next ones', async () => {
    const { running, job } = await begin();
    open.redis.cut();
    agent.chunk(job, 2n, ' three');
    agent.done(job, 2n);
    expect((await running).text).toBe('one two three');
    answersAll(agent);
    for (let index = 0; index < 5; index += 1) expect((await execute()).text).toBe('four five');
    // Also who connects now is known to the other replica.
    const other = await open.agent(open.a, 'bellows');
    await open.listed(open.b, 2);
    other.close();
    await open.listed(open.b, 1);
    open.redis.restore();
    await waitFor(async () => (await open.b.metric('edda_redis_up')) === 1, { timeoutMs: 20_000 });
    expect((await execute()).text).toBe('four five');
  });

  it('is read, replayed and called off at the replica that does not own it', async () => {
    answersAll(agent);
    const first = await execute(open.b, 'same-key');
    const again = await execute(open.a, 'same-key');
    expect(again).toMatchObject({ text: 'four five', accepted: { replayed: true } });
    expect(again.receipt?.transactionId).toBe(first.receipt?.transactionId);
    const elsewhere = open.client(open.a).compute;
    const { request } = await elsewhere.getRequest({ requestId: first.receipt!.requestId, waitMs: 0 });
    expect(request?.receipt).toEqual(first.receipt);

    agent.onJob = undefined;
    await agent.next('job');
    const { running } = await begin();
    const { request_id: requestId } = await row();
    await elsewhere.cancelRequest(
      njordr.CancelRequestRequest.fromPartial({ requestId: String(requestId), idempotencyKey: 'off' }),
    );
    await agent.next('cancelJob');
    await running.catch(() => undefined);
    expect(await ended('COMPLETED')).toMatchObject({ finish_reason: Finish.CANCELLED, output_tokens: 2n });
  });

  it('is refused without penalty where the device is full, however the requests are spread', async () => {
    const running = [execute(open.a), execute(open.b)];
    await agent.next('job');
    await agent.next('job');
    await waitFor(async () => (await open.eligible(open.b)) === 0 && (await open.eligible(open.a)) === 0);
    await expect(execute(open.b)).rejects.toMatchObject({ reason: 'NO_PROVIDER_AVAILABLE' });
    await expect(execute(open.a)).rejects.toMatchObject({ reason: 'NO_PROVIDER_AVAILABLE' });
    for (const { body } of agent.received) {
      if (body?.$case !== 'job') continue;
      agent.chunk(body.value, 1n, 'done');
      agent.done(body.value, 1n);
    }
    expect((await Promise.all(running)).map(({ text }) => text)).toEqual(['done', 'done']);
    await open.listed(open.a, 1);
    await open.listed(open.b, 1);
  });

  it.each([
    ['two requests a minute', { maxRequestsPerMinute: 2 }, 2],
    ['one token a day', { maxTokensPerDay: 1n }, 1],
  ])('keeps its owner’s limit of %s, however the requests are spread', async (_, limit, allowed) => {
    answersAll(agent);
    const owner = open.client(open.b, 'owner-anvil', ['provider'], 'net-p').providers;
    const { provider } = await owner.getProvider({ providerId: agent.providerId });
    const configuration = {
      ...provider!.configuration!,
      capacity: { ...provider!.configuration!.capacity!, ...limit },
    };
    await owner.updateProvider(
      njordr.UpdateProviderRequest.fromPartial({
        ...{ idempotencyKey: 'limit', providerId: agent.providerId, configuration, updateMask: ['capacity'] },
      }),
    );
    await waitFor(() => open.pool.query(`SELECT FROM providers WHERE version > $1`, [provider!.version]));
    for (let index = 0; index < allowed; index += 1) {
      expect((await execute(index === 0 ? open.b : open.a)).text).toBe('four five');
    }
    for (const at of [open.a, open.b]) {
      await open.listed(at, 0);
      await expect(execute(at)).rejects.toMatchObject({
        ...{ reason: 'NO_PROVIDER_AVAILABLE', metadata: { removed_owner_limit: '1' } },
      });
    }
  });

  it('shows the provider as connected there, and answers nobody but Njörðr', async () => {
    const { providers, replicas } = open.client(open.b, 'owner-anvil');
    const { provider } = await providers.getProvider({ providerId: agent.providerId });
    expect(provider?.availability).toBe(njordr.ProviderAvailability.AVAILABLE);
    const watch = async (client: typeof replicas) => {
      for await (const _ of client.watchLines({ replicaId: 'x' }, { deadlineMs: 5_000 })) return;
    };
    await expect(watch(replicas)).rejects.toMatchObject({ reason: 'ROLE_FORBIDDEN' });
    const heidrun = open.client(open.b, 'heidrun', ['service']).replicas;
    await expect(watch(heidrun)).rejects.toMatchObject({ reason: 'ROLE_FORBIDDEN' });
  });
});
