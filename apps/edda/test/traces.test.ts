import { freePort, misnamedMetrics, waitFor } from '@edda/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestMarket, type TestMarket } from './market-setup.ts';
import { type CollectedSpan, startTraceCollector, type TraceCollector } from './support/trace-collector.ts';

const prompt = 'Whisper of the gjallarhorn';
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const callerSpan = '00f067aa0ba902b7';
const hold = 'edda.heidrun.v1.PreAuthService/PreAuthorize';
const capture = 'edda.heidrun.v1.PreAuthService/CapturePreAuth';

async function complete({ market, token }: TestMarket, headers: Record<string, string> = {}): Promise<string> {
  const response = await fetch(`${market.httpUrl}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: 'builtin-ngram', messages: [{ role: 'user', content: prompt }], max_tokens: 40 }),
  });
  expect(response.status).toBe(200);
  const { choices } = (await response.json()) as { choices: { message: { content: string } }[] };
  return choices[0]?.message.content ?? '';
}

describe('with a trace collector, one request', () => {
  let collector: TraceCollector;
  let open: TestMarket;
  let answer: string;

  beforeAll(async () => {
    collector = await startTraceCollector();
    open = await openTestMarket({}, collector.url);
    answer = await complete(open, { traceparent: `00-${traceId}-${callerSpan}-01` });
    // Each part sends its own when it is time, so that any of them may be the last to arrive.
    const all = [
      ...['POST /v1/chat/completions', 'route', 'attempt', 'settle', hold, capture].map((name) => ['njordr', name]),
      ...[hold, capture].map((name) => ['heidrun', name]),
      ['vedrfolnir', 'job'],
    ];
    const arrived = () => all.every(([service = '', name]) => of(service).some((span) => span.name === name));
    await waitFor(arrived, { what: 'spans of every part', timeoutMs: 30_000 });
  });
  afterAll(async () => {
    await open.close();
    await collector.close();
  });

  const of = (service: string) =>
    collector.spans.filter((span) => span.traceId === traceId && span.service === service);
  const root = () => of('njordr').find(({ name }) => name === 'POST /v1/chat/completions');
  const named = (service: string, name: string): CollectedSpan => {
    const span = of(service).find((candidate) => candidate.name === name);
    if (span === undefined) throw new Error(`${service} sent no span ${name}`);
    return span;
  };

  it('is one trace from the caller over Njörðr and Heidrun to the agent, each step below its own', () => {
    expect(root()?.parentSpanId).toBe(callerSpan);
    for (const rpc of [hold, capture]) {
      expect(named('heidrun', rpc).parentSpanId).toBe(named('njordr', rpc).spanId);
    }
    expect(named('njordr', hold).parentSpanId).toBe(root()?.spanId);
    expect(named('njordr', capture).parentSpanId).toBe(named('njordr', 'settle').spanId);
    for (const step of ['route', 'attempt', 'settle']) expect(named('njordr', step).parentSpanId).toBe(root()?.spanId);
    expect(named('vedrfolnir', 'job').parentSpanId).toBe(named('njordr', 'attempt').spanId);
  });

  it('shows when the first token came, at the market and at the agent', () => {
    expect(named('njordr', 'attempt').events).toEqual(['first_token']);
    expect(named('vedrfolnir', 'job').events).toEqual(['first_token']);
  });

  it.each([
    ['njordr', 'deliver njordr.request.accepted'],
    ['njordr', 'deliver njordr.transaction.completed'],
    ['heidrun', 'deliver heidrun.hold.created'],
    ['heidrun', 'deliver heidrun.capture.posted'],
  ])('%s shows when it did %s, and which batch took it to the history', async (service, name) => {
    await waitFor(() => of(service).some((span) => span.name === name), { what: 'the delivery', timeoutMs: 30_000 });
    const delivery = named(service, name);
    expect(of(service).map(({ spanId }) => spanId)).toContain(delivery.parentSpanId);
    const [batch] = delivery.links;
    const inBatch = () => collector.spans.filter((span) => span.traceId === batch);
    await waitFor(() => inBatch().some((span) => span.service === 'nornen'), { what: 'its end', timeoutMs: 30_000 });
    expect(inBatch()).toContainEqual(expect.objectContaining({ service, name: 'deliver', parentSpanId: '' }));
    expect(inBatch()).toContainEqual(
      expect.objectContaining({ service: 'nornen', name: 'edda.nornen.v1.HistoryService/IngestEvents' }),
    );
  });

  it('sends neither prompt nor answer nor token', () => {
    const sent = collector.sent();
    expect(sent).toContain(traceId);
    for (const secret of [prompt, answer, open.token]) {
      expect(secret).not.toBe('');
      expect(sent).not.toContain(secret);
    }
  });

  it.each(['njordr', 'heidrun', 'eikthyrnir', 'nornen'] as const)('%s names its metrics by the rule', async (app) => {
    const text = await (await fetch(`http://127.0.0.1:${open.market.operationsPorts[app]}/metrics`)).text();
    expect(text).toContain('edda_trace_spans_total');
    expect(misnamedMetrics(text, app)).toEqual([]);
  });

  it('begins a trace of its own when the caller sends none, or a malformed one', async () => {
    await complete(open, { traceparent: `00-${'0'.repeat(32)}-${callerSpan}-01` });
    const roots = () => collector.spans.filter((span) => span.name === 'POST /v1/chat/completions');
    await waitFor(() => roots().length === 2, { what: 'the second trace', timeoutMs: 30_000 });
    expect(roots()[1]).toMatchObject({ parentSpanId: '', traceId: expect.not.stringMatching(/^0+$/) as string });
    expect(roots()[1]?.traceId).not.toBe(traceId);
  });
});

describe('with a collector that is away', () => {
  it('requests work, and the spans that are lost are counted', async () => {
    const open = await openTestMarket({}, `http://127.0.0.1:${await freePort()}`);
    try {
      expect(await complete(open)).not.toBe('');
      const metrics = async () =>
        (await fetch(`http://127.0.0.1:${open.market.operationsPorts.njordr}/metrics`)).text();
      await waitFor(async () => /edda_trace_spans_total\{[^}]*outcome="lost"[^}]*\} [1-9]/.test(await metrics()), {
        what: 'lost spans in the metrics',
        timeoutMs: 30_000,
      });
      expect(await complete(open)).not.toBe('');
    } finally {
      await open.close();
    }
  });
});
