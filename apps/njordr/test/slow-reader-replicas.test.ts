import { common, type njordr } from '@edda/contracts';
import { waitFor } from '@edda/testing';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { parameters } from './support/open-requests.ts';
import { type OpenedReplicas, openReplicas } from './support/open-replicas.ts';
import { type TestAgent } from './support/test-agent.ts';

const redisUrl = inject('redisUrl');
const PIECE = 'word '.repeat(12_000);
const WINDOW = 32;
/** 36 MB: what the sockets on the way take, some 6 MB, is far less. */
const PIECES = 600;

describe.skipIf(redisUrl === '')(
  'a client that reads slowly at one replica, its provider connected to the other',
  () => {
    let open: OpenedReplicas;
    let agent: TestAgent;
    beforeAll(async () => {
      open = await openReplicas(redisUrl, {
        requests: { slowReaderMs: 8_000 },
        // One process is all of this: both replicas, agent and client. No lease may run out while one of them counts.
        recovery: { leaseSeconds: 30 },
        link: { maxJobBytes: 1_073_741_824, chunkWindow: WINDOW },
      });
      open.heidrun.walletCents = 10n ** 14n;
      const huge = 10n ** 9n;
      const models = [{ model: 'gpt-4o', contextLength: huge, maxOutputTokens: huge }] as njordr.ModelOffer[];
      agent = await open.agent(open.a, 'anvil', { models });
      await open.listed(open.b, 1);
    });
    afterAll(() => (open as OpenedReplicas | undefined)?.close());

    /** Asks at B and reads nothing but that the request was accepted. */
    async function ask() {
      const leaving = new AbortController();
      const request = { idempotencyKey: '', parameters: parameters({ maxOutputTokens: 10n ** 8n }) };
      const call = open.client(open.b).compute.executeRequest(request, { signal: leaving.signal, deadlineMs: 300_000 });
      const events = call[Symbol.asyncIterator]();
      await events.next();
      return { events, leaving, job: await agent.next('job') };
    }

    /** Sends pieces as the window allows. */
    function sender(job: njordr.Job, pieces: number) {
      const state = { sent: 0, calledOff: false, finished: false };
      const acknowledged = () => {
        const ack = agent.received.findLast(({ body }) => body?.$case === 'chunkAck' && body.value.jobId === job.jobId);
        return ack?.body?.$case === 'chunkAck' ? Number(ack.body.value.sequence) : 0;
      };
      const wasCalledOff = () =>
        agent.received.some(({ body }) => body?.$case === 'cancelJob' && body.value.jobId === job.jobId);
      const done = (async () => {
        while (state.sent < pieces) {
          await waitFor(() => state.sent - acknowledged() < WINDOW || wasCalledOff(), { timeoutMs: 50_000 });
          state.calledOff = wasCalledOff();
          if (state.calledOff) return;
          state.sent += 1;
          agent.chunk(job, BigInt(state.sent), PIECE);
        }
        state.finished = true;
        agent.done(job, BigInt(state.sent));
      })();
      return { state, done, acknowledged };
    }

    const unread = async () => [
      await open.a.metric('edda_njordr_link_unread_bytes'),
      await open.b.metric('edda_njordr_link_unread_bytes'),
    ];
    /** Resolves when nothing more is taken from the provider, and answers lie unread. @returns how many pieces were taken */
    async function stalled({ state, acknowledged }: ReturnType<typeof sender>): Promise<number> {
      for (let before = -1; ;) {
        const full = state.sent - acknowledged() === WINDOW && Math.max(...(await unread())) > 0;
        if (full && state.sent === before) return state.sent;
        if (state.calledOff || state.finished) throw new Error(`never stalled; ${state.sent} pieces were taken`);
        before = state.sent;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
    const last = async () =>
      (await open.pool.query<Record<string, unknown>>('SELECT * FROM transactions ORDER BY created_at DESC LIMIT 1'))
        .rows[0] ?? {};

    it('holds its provider back, with a window of each replica in memory at most, and reads all of it in the end', async () => {
      const { events, job } = await ask();
      // Twice what fits on the way, so that it must stall before its end.
      const sending = sender(job, 200);
      const onTheWay = await stalled(sending);
      expect(onTheWay).toBeLessThan(200);
      for (const bytes of await unread()) {
        expect(bytes).toBeLessThanOrEqual(WINDOW * PIECE.length);
      }
      let bytes = 0;
      let receipt: njordr.Receipt | undefined;
      for (let next = await events.next(); next.done !== true; next = await events.next()) {
        const { event } = next.value;
        if (event?.$case === 'chunk') bytes += event.value.content.length;
        if (event?.$case === 'receipt') receipt = event.value;
      }
      await sending.done;
      expect(bytes).toBe(200 * PIECE.length);
      expect(receipt?.finishReason).toBe(common.FinishReason.STOP);
      expect(await unread()).toEqual([0, 0]);
    }, 120_000);

    it('that reads nothing at all counts as gone: the provider is called off, what was taken is billed', async () => {
      const { job, leaving } = await ask();
      const sending = sender(job, PIECES);
      await sending.done;
      expect(sending.state).toMatchObject({ calledOff: true });
      expect(sending.state.sent).toBeLessThan(PIECES / 2);
      await expect.poll(async () => (await last())['state']).toBe('COMPLETED');
      const ended = await last();
      expect(ended['finish_reason']).toBe(common.FinishReason.CANCELLED);
      expect(ended['input_tokens']).toBe(ended['estimated_input_tokens']);
      expect(Number(ended['output_tokens'])).toBeGreaterThan(0);
      expect(Number(ended['output_tokens'])).toBeLessThan(sending.state.sent * 12_001);
      expect(open.heidrun.open()).toEqual([]);
      expect(await unread()).toEqual([0, 0]);
      leaving.abort();
    }, 120_000);
  },
);
