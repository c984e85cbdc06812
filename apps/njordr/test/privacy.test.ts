import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collect, openRequests, type OpenedRequests, parameters } from './support/open-requests.ts';
import { stop } from './support/scripted-hub.ts';

const MARKER = 'quetzalcoatl';

describe('domain.md, privacy: prompts are never stored, answers only sealed', () => {
  let open: OpenedRequests;
  beforeEach(async () => {
    open = await openRequests();
  });
  afterEach(() => open.close());
  const asked = () => ({
    idempotencyKey: crypto.randomUUID(),
    parameters: parameters({ messages: [{ role: 'user', content: `Tell me of ${MARKER}.` }], stop: [MARKER] }),
  });
  /** Every table as text; bytes as the text they would be. */
  const stored = async () => {
    const { rows } = await open.pool.query<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`,
    );
    const texts = rows.map(async ({ name }) => {
      const { rows: all } = await open.pool.query<Record<string, unknown>>(`SELECT * FROM ${name}`);
      return all.flatMap((row) => Object.values(row)).map(textOf);
    });
    return (await Promise.all(texts)).flat().join('\n');
  };

  it('an answer', async () => {
    open.hub.script('p1', [`${MARKER} is a feathered serpent.`, stop]);
    const request = asked();
    expect((await collect(open.client().compute.executeRequest(request))).text).toContain(MARKER);
    const replay = await collect(open.client().compute.executeRequest(request));
    expect(replay.text, 'kept, but sealed').toContain(MARKER);
    expect(await stored()).not.toContain(MARKER);
  });

  it('what a provider says when it fails may repeat the prompt: only the caller hears it', async () => {
    open.hub.script('p1', [{ failed: 'fault', quoting: `cannot parse ${MARKER}` }]);
    open.hub.script('p2', [{ failed: 'bad-request', quoting: `${MARKER} is not allowed` }]);
    const refused = collect(open.client().compute.executeRequest(asked()));
    await expect(refused).rejects.toMatchObject({
      reason: 'REQUEST_REFUSED_BY_PROVIDER',
      message: `${MARKER} is not allowed`,
    });
    const { rows } = await open.pool.query('SELECT failure_message FROM transactions');
    expect(rows).toEqual([{ failure_message: 'The provider refuses this request.' }]);
    expect(await stored()).not.toContain(MARKER);
  });

  it('text that PostgreSQL cannot store is named, not failed on', async () => {
    const { compute, transactions } = open.client();
    const nul = { requestId: 'a\0b' };
    const named = (field: string) => ({ reason: 'INVALID_INPUT', violations: [{ field }] });
    await expect(compute.getRequest({ ...nul, waitMs: 0 })).rejects.toMatchObject(named('request_id'));
    await expect(compute.explainRouting({ ...nul, providerId: '' })).rejects.toMatchObject(named('request_id'));
    await expect(transactions.getTransaction({ transactionId: '\0' })).rejects.toMatchObject(named('transaction_id'));
    await expect(
      collect(compute.executeRequest({ idempotencyKey: '\0', parameters: parameters() })),
    ).rejects.toMatchObject(named('idempotency_key'));
    await expect(
      collect(
        compute.executeRequest({
          idempotencyKey: '',
          parameters: parameters({ preferences: { ignoreProviders: ['\0'] } }),
        }),
      ),
    ).rejects.toMatchObject(named('parameters.preferences.ignore_providers.0'));
  });
});

function textOf(value: unknown): string {
  if (Buffer.isBuffer(value)) return value.toString('utf8');
  return typeof value === 'bigint' ? value.toString() : (JSON.stringify(value) ?? '');
}
