import { common, njordr } from '@edda/contracts';
import { describe, expect, it } from 'vitest';
import { agent, cleanUp, endlessUpstream, job, market } from './agent-setup.ts';
import { eventually } from './fake-market.ts';
import { chunk, startFakeOpenAiServer, streamed } from './fake-openai-server.ts';

describe('jobs', () => {
  it('answers a job in numbered chunks and ends it with what the model claims', async () => {
    const at = await market();
    await agent(at);
    const connection = await at.connection();
    connection.send(job());
    const done = await connection.next('done');
    expect(await connection.next('jobAccepted')).toEqual({ jobId: 'job_1', attempt: 1 });
    const chunks = connection.all('chunk');
    expect(chunks.map(({ sequence }) => sequence)).toEqual(chunks.map((_, at) => BigInt(at + 1)));
    expect(chunks.map(({ content }) => content).join('').length).toBeGreaterThan(30);
    expect(done.lastSequence).toBe(BigInt(chunks.length));
    expect([common.FinishReason.LENGTH, common.FinishReason.STOP]).toContain(done.finishReason);
    expect(done.claimedOutputTokens).toBeGreaterThan(0n);
    expect(done.claimedOutputTokens).toBeLessThanOrEqual(40n);
    expect(done.claimedInputTokens).toBeGreaterThan(5n);
  });

  it('never runs more than its capacity, and refuses with NO_CAPACITY', async () => {
    const at = await market();
    const { upstream } = await endlessUpstream();
    await agent(at, { upstream });
    const connection = await at.connection();
    for (const jobId of ['a', 'b', 'c']) connection.send(job({ jobId, model: 'endless' }));
    const rejected = await connection.next('jobRejected');
    expect(rejected).toMatchObject({ jobId: 'c', reason: njordr.JobRejectionReason.NO_CAPACITY });
    await eventually(() => connection.all('heartbeat').at(-1)?.activeJobs === 2);
    connection.send({ $case: 'cancelJob', value: { jobId: 'a', attempt: 1, reason: 1 } });
    await connection.next('done');
    connection.send(job({ jobId: 'd', model: 'endless' }));
    await eventually(() => connection.all('jobAccepted').some(({ jobId }) => jobId === 'd'));
  });

  it('a market that floods it with jobs gets one answer each, and no more run than it has room for', async () => {
    const at = await market();
    const { server, upstream } = await endlessUpstream();
    await agent(at, { upstream });
    const connection = await at.connection();
    const flood = 2_000;
    for (let index = 0; index < flood; index += 1) connection.send(job({ jobId: `j${index}`, model: 'endless' }));
    await expect.poll(() => connection.all('jobRejected').length, { timeout: 15_000 }).toBe(flood - 2);
    expect(new Set(connection.all('jobRejected').map(({ jobId }) => jobId)).size).toBe(flood - 2);
    expect(connection.all('jobAccepted')).toHaveLength(2);
    expect(server.bodies.length).toBeLessThanOrEqual(2);
  });

  it('refuses a model it does not offer', async () => {
    const at = await market();
    await agent(at);
    const connection = await at.connection();
    connection.send(job({ model: 'gpt-4o' }));
    const { reason } = await connection.next('jobRejected');
    expect(reason).toBe(njordr.JobRejectionReason.MODEL_UNAVAILABLE);
  });

  it('hangs up on the upstream at once when a job is cancelled', async () => {
    const at = await market();
    const { server, upstream } = await endlessUpstream();
    await agent(at, { upstream });
    const connection = await at.connection();
    connection.send(job({ model: 'endless' }));
    await connection.next('chunk');
    connection.send({ $case: 'cancelJob', value: { jobId: 'job_1', attempt: 1, reason: 1 } });
    await server.hungUp;
    expect(await connection.next('done')).toMatchObject({
      finishReason: common.FinishReason.CANCELLED,
      lastSequence: 1n,
    });
  });

  it('cancels a job upstream when the connection it came by is lost', async () => {
    const at = await market();
    const { server, upstream } = await endlessUpstream();
    await agent(at, { upstream });
    const connection = await at.connection();
    connection.send(job({ model: 'endless' }));
    await connection.next('chunk');
    connection.end();
    await server.hungUp;
    expect((await (await at.connection(1)).next('hello')).runningJobIds).toEqual([]);
  });

  it('fails a job whose deadline passes', async () => {
    const at = await market();
    const { server, upstream } = await endlessUpstream();
    await agent(at, { upstream });
    const connection = await at.connection();
    connection.send(job({ model: 'endless', deadline: new Date(Date.now() + 100) }));
    expect(await connection.next('jobFailed')).toMatchObject({ errorClass: njordr.JobErrorClass.TRANSIENT });
    await server.hungUp;
  });

  it('lets a newer attempt replace an older one, and ignores what concerns the older', async () => {
    const at = await market();
    const { upstream } = await endlessUpstream();
    await agent(at, { upstream });
    const connection = await at.connection();
    connection.send(job({ model: 'endless' }));
    await connection.next('chunk');
    connection.send(job({ model: 'endless', attempt: 2 }));
    expect(await connection.next('done')).toMatchObject({ attempt: 1, finishReason: common.FinishReason.CANCELLED });
    connection.send({ $case: 'cancelJob', value: { jobId: 'job_1', attempt: 1, reason: 1 } });
    expect(await connection.next('chunk', 1)).toMatchObject({ attempt: 2, sequence: 1n });
    await connection.next('heartbeat', connection.all('heartbeat').length + 1);
    expect(connection.all('done')).toHaveLength(1);
  });

  it('keeps to the chunk window until the market acknowledges', async () => {
    const at = await market({ welcome: { chunkWindow: 3 } });
    await agent(at);
    const connection = await at.connection();
    await connection.next('heartbeat');
    connection.send(job());
    await connection.next('chunk', 2);
    await connection.next('heartbeat', connection.all('heartbeat').length + 1);
    expect(connection.all('chunk')).toHaveLength(3);
    connection.send({ $case: 'chunkAck', value: { jobId: 'job_1', attempt: 1, sequence: 2n } });
    await connection.next('chunk', 4);
    await connection.next('heartbeat', connection.all('heartbeat').length + 1);
    expect(connection.all('chunk')).toHaveLength(5);
    connection.send({ $case: 'chunkAck', value: { jobId: 'job_1', attempt: 1, sequence: 1000n } });
    await connection.next('done');
  });

  it.each([
    [503, njordr.JobErrorClass.NO_CAPACITY],
    [500, njordr.JobErrorClass.TRANSIENT],
    [401, njordr.JobErrorClass.FAULT],
    [400, njordr.JobErrorClass.BAD_REQUEST],
  ])('tells the market how to judge an upstream’s %i', async (status, errorClass) => {
    const at = await market();
    const server = await startFakeOpenAiServer({
      models: { data: [{ id: 'm' }] },
      chat: (response) => void response.writeHead(status).end('{"error":{"message":"no"}}'),
    });
    cleanUp.push(server.close);
    await agent(at, { upstream: { kind: 'openai', openai: { baseUrl: server.url } } });
    const connection = await at.connection();
    connection.send(job({ model: 'm' }));
    expect(await connection.next('jobFailed')).toMatchObject({
      errorClass,
      message: `the upstream answered ${status}: no`,
    });
  });

  it('asks the upstream by its own name for a model, with everything the job says', async () => {
    const at = await market();
    const server = await startFakeOpenAiServer({
      models: { data: [{ id: 'llama3.1:8b' }] },
      chat: streamed([chunk({ reasoning: 'hm' }), chunk({ content: 'yes' }, 'stop')]),
    });
    cleanUp.push(server.close);
    await agent(at, {
      upstream: { kind: 'openai', openai: { baseUrl: server.url } },
      models: [{ name: 'llama-3.1-8b', upstreamName: 'llama3.1:8b' }, { name: 'not loaded' }],
    });
    const connection = await at.connection();
    expect((await connection.next('hello')).models).toMatchObject([{ model: 'llama-3.1-8b', contextLength: 4096n }]);
    connection.send(
      job({
        model: 'llama-3.1-8b',
        continueFrom: 'Well,',
        temperature: 0.5,
        responseFormat: { kind: njordr.ResponseFormatKind.JSON_OBJECT },
        tools: [{ name: 'f', parametersJson: '{}' }],
        presencePenalty: 1,
      }),
    );
    await connection.next('done');
    expect(connection.all('chunk')).toMatchObject([{ reasoning: 'hm' }, { content: 'yes' }]);
    expect(server.bodies[0]).toMatchObject({
      model: 'llama3.1:8b',
      messages: [{ role: 'user' }, { role: 'assistant', content: 'Well,' }],
      max_tokens: 40,
      temperature: 0.5,
      seed: 7,
      response_format: { type: 'json_object' },
      tools: [{ type: 'function', function: { name: 'f', parameters: {} } }],
      presence_penalty: 1,
    });
  });
});
