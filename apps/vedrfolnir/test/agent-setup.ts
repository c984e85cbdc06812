import { njordr } from '@edda/contracts';
import { silentLogger } from '@edda/telemetry';
import { afterEach } from 'vitest';
import { type Agent, type AgentOptions, run } from '../src/run.ts';
import { createMarketKeys, type FakeMarketOptions, startFakeMarket } from './fake-market.ts';
import { chunk, startFakeOpenAiServer } from './fake-openai-server.ts';

const keys = await createMarketKeys();
/** What the running test started; closed after it, last first. */
export const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
});

type Market = Awaited<ReturnType<typeof startFakeMarket>>;

/** A market for this test. */
export async function market(options: Partial<FakeMarketOptions> = {}): Promise<Market> {
  const started = await startFakeMarket({ keys, ...options });
  cleanUp.push(started.close);
  return started;
}

/** An agent that talks to it; the builtin model unless told otherwise. */
export async function agent(at: Market, settings: AgentOptions['settings'] = {}): Promise<Agent> {
  const started = await run({
    settings: {
      ...settings,
      market: { address: at.address },
      provider: { deviceId: 'attic', capacity: 2, ...settings.provider },
      link: { reconnectBaseMs: 20, reconnectMaxMs: 50, drainGraceMs: 200, ...settings.link },
      operations: { enabled: false, ...settings.operations },
    },
    token: keys.token,
    logger: silentLogger(),
    random: () => 0.5,
  });
  cleanUp.push(started.close);
  return started;
}

/** A job for the builtin model. */
export function job(changed: Parameters<typeof njordr.Job.fromPartial>[0] = {}) {
  const value = njordr.Job.fromPartial({
    jobId: 'job_1',
    attempt: 1,
    model: 'builtin-ngram',
    messages: [{ role: 'user', content: 'Tell me about the world tree.' }],
    maxOutputTokens: 40n,
    seed: 7n,
    ...changed,
  });
  return { $case: 'job', value } as const;
}

/** An upstream whose answers never end by themselves. */
export async function endlessUpstream() {
  const server = await startFakeOpenAiServer({
    models: { data: [{ id: 'endless', max_model_len: 2048 }] },
    chat: (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`data: ${JSON.stringify(chunk({ content: 'on and on' }))}\n\n`);
    },
  });
  cleanUp.push(server.close);
  return { server, upstream: { kind: 'openai', openai: { baseUrl: server.url } } as const };
}
