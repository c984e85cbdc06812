import { common, type njordr } from '@edda/contracts';
import { waitFor } from '@edda/testing';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { collect, parameters } from './support/open-requests.ts';
import { type OpenedReplicas, openReplicas } from './support/open-replicas.ts';
import { type TestAgent } from './support/test-agent.ts';

const Finish = common.FinishReason;
const redisUrl = inject('redisUrl');

describe.skipIf(redisUrl === '')('a replica that is stopped in the middle of an answer, and goes on later', () => {
  let open: OpenedReplicas;
  /** Connected to A, which stays; and to B, which is stopped. */
  let staying: TestAgent;
  let stopped: TestAgent;
  beforeAll(async () => {
    // A busy machine stops everybody for a second now and then; that is not to be taken for this.
    open = await openReplicas(redisUrl, { recovery: { leaseSeconds: 4, sweepIntervalMs: 100 } }, { apart: true });
  });
  afterAll(() => (open as OpenedReplicas | undefined)?.close());

  const rows = async () =>
    (
      await open.pool.query<Record<string, unknown>>(
        'SELECT t.*, (SELECT count(*) FROM transaction_legs l WHERE l.transaction_id = t.transaction_id) AS legs FROM transactions t ORDER BY created_at',
      )
    ).rows;
  const last = async () => (await rows()).at(-1) ?? {};
  const execute = (at: OpenedReplicas['a']) => {
    const request = { idempotencyKey: '', parameters: parameters({ maxOutputTokens: 50n }) };
    const running = collect(open.client(at).compute.executeRequest(request));
    running.catch(() => undefined);
    return running;
  };
  const seen = new Set<string>();
  /** The next job of a request, which is asked for again where its provider was not to be reached just then. */
  const ask = async (at: OpenedReplicas['a'], agent: TestAgent) => {
    for (;;) {
      const running = execute(at);
      let refused = false;
      running.catch(() => (refused = true));
      const found = () =>
        agent.received.flatMap(({ body }) =>
          body?.$case === 'job' && !seen.has(body.value.jobId) ? [body.value] : [],
        );
      await waitFor(() => refused || found().length > 0, { what: 'a job' });
      const [job] = found();
      if (job === undefined) continue;
      seen.add(job.jobId);
      return { running, job };
    }
  };
  /** Two tokens of an answer, put down in the database. */
  const begin = async (at: OpenedReplicas['a'], agent: TestAgent) => {
    const { running, job } = await ask(at, agent);
    agent.send({ $case: 'jobAccepted', value: { jobId: job.jobId, attempt: job.attempt } });
    agent.chunk(job, 1n, 'one two');
    await expect.poll(async () => (await last())['checkpoint']).not.toBeNull();
    return { running, job };
  };
  const answersAll = (agent: TestAgent) =>
    (agent.onJob = (job: njordr.Job) => {
      agent.chunk(job, 1n, 'four five');
      agent.done(job, 1n);
    });

  it('its devices’ jobs for the others end as lost, billed without the input; when it is back they serve again', async () => {
    stopped = await open.agent(open.b, 'bellows');
    await open.listed(open.a, 1);
    const { running, job } = await begin(open.a, stopped);
    open.b.signal('SIGSTOP');
    const { receipt } = await running;
    expect(receipt).toMatchObject({ finishReason: Finish.PROVIDER_FAILED, inputTokens: 0n, outputTokens: 2n });
    expect(await last()).toMatchObject({ state: 'COMPLETED', legs: 1n });
    await open.listed(open.a, 0);
    open.b.signal('SIGCONT');
    // What it still says of that job reaches nobody who would bill it.
    stopped.chunk(job, 2n, ' three');
    await open.listed(open.a, 1);
    answersAll(stopped);
    expect((await execute(open.a)).text).toBe('four five');
    expect(open.heidrun.captures).toHaveLength(2);
    expect(open.heidrun.open()).toEqual([]);
  });

  it('its own requests are settled by the other one, once, from the last checkpoint; it learns that and does nothing', async () => {
    stopped.close();
    await open.listed(open.a, 0);
    staying = await open.agent(open.a, 'anvil');
    await open.listed(open.b, 1);
    const { running, job } = await begin(open.b, staying);
    open.b.signal('SIGSTOP');
    await expect.poll(async () => (await last())['state']).toBe('COMPLETED');
    const settled = await last();
    expect(settled).toMatchObject({ finish_reason: Finish.RECOVERED, output_tokens: 2n, legs: 1n });
    expect(settled['input_tokens']).toBe(settled['estimated_input_tokens']);
    const { captures } = open.heidrun;
    expect(captures).toHaveLength(3);
    // The device does not know, and finishes while the replica sleeps.
    staying.chunk(job, 2n, ' three');
    staying.done(job, 2n);
    open.b.signal('SIGCONT');
    await expect(running).rejects.toMatchObject({ reason: 'SETTLEMENT_DELAYED' });
    expect(await last()).toEqual(settled);
    expect(captures).toHaveLength(3);
    expect(open.heidrun.open()).toEqual([]);
    answersAll(staying);
    for (const at of [open.a, open.b]) {
      await open.listed(at, 1);
      expect((await execute(at)).text).toBe('four five');
    }
    expect((await rows()).filter(({ state }) => state === 'PENDING' || state === 'PROCESSING')).toEqual([]);
  });
});
