import { njordr } from '@edda/contracts';
import { describe, expect, it } from 'vitest';
import { agent, market } from './agent-setup.ts';

describe('probes', () => {
  const probe = (changed: Parameters<typeof njordr.Probe.fromPartial>[0] = {}) => {
    const basis = { probeId: 'p', kind: njordr.ProbeKind.CONNECTION, model: 'builtin-ngram', prompt: 'Hello' };
    return { $case: 'probe', value: njordr.Probe.fromPartial({ ...basis, maxOutputTokens: 8n, ...changed }) } as const;
  };

  it('answers a connection test with what the model wrote and how long it took', async () => {
    const at = await market();
    await agent(at, { upstream: { builtin: { firstTokenDelayMs: 30 } } });
    const connection = await at.connection();
    connection.send(probe());
    const result = await connection.next('probeResult');
    expect(result).toMatchObject({ probeId: 'p', error: '' });
    expect(result.output.length).toBeGreaterThan(3);
    expect(result.ttftMs).toBeGreaterThanOrEqual(29);
    expect(result.durationMs).toBeGreaterThanOrEqual(result.ttftMs);
  });

  it('continues a beginning when the probe gives one', async () => {
    const at = await market();
    await agent(at);
    const connection = await at.connection();
    const continueFrom = 'In the beginning God created the heaven and the';
    connection.send(probe({ kind: njordr.ProbeKind.CONTINUATION, continueFrom, maxOutputTokens: 2n }));
    expect((await connection.next('probeResult')).output).toMatch(/^ earth/);
  });

  it('says why it could not answer', async () => {
    const at = await market();
    await agent(at);
    const connection = await at.connection();
    connection.send(probe({ model: 'other' }));
    expect(await connection.next('probeResult')).toMatchObject({ output: '', error: 'this model is not offered here' });
  });
});
