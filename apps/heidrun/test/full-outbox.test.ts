import { randomUUID } from 'node:crypto';
import { heidrun, nornen } from '@edda/contracts';
import { createGrpcServer, createTokenVerifier, implement } from '@edda/grpc-kit';
import { createMetrics, silentLogger } from '@edda/telemetry';
import { freePort, waitFor } from '@edda/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import {
  cancelRequest,
  captureRequest,
  counted,
  holdRequest,
  setPrice,
  startHeidrun,
  type TestHeidrun,
} from './support/start-heidrun.ts';

const maxPending = 10;
const patience = { timeoutMs: 60_000 };
const full = { kind: 'exhausted', reason: 'OUTBOX_FULL', retryAfterMs: 1_000 };
let service: TestHeidrun;
let historyPort = 0;
let user = '';

beforeAll(async () => {
  historyPort = await freePort();
  service = await startHeidrun({
    settings: { outbox: { relay: true, maxPending }, peers: { nornen: `127.0.0.1:${historyPort}` } },
  });
  await setPrice(service, 'p-1');
  user = await service.requester(1_000_000n);
});
afterAll(() => service.close());

const hold = () => service.preAuth.preAuthorize(holdRequest(user, ['p-1']));
/** Holds money while the history is away, until a hold is refused. */
const fill = () =>
  waitFor(
    () =>
      hold().then(
        () => false,
        (error: { reason?: string }) => error.reason === 'OUTBOX_FULL' || Promise.reject(error as Error),
      ),
    { ...patience, what: 'the outbox is full' },
  );
const written = async () =>
  (
    await service.database.pool.query<{ subject: string; sequence: bigint }>(
      'SELECT subject, sequence FROM outbox_events',
    )
  ).rows;
const placeOf = ({ subject, sequence }: { subject: string; sequence: bigint }) => `${subject} ${sequence}`;

/** The history comes up where Heidrun looks for it. @returns what it is told */
async function openHistory(): Promise<string[]> {
  const told: string[] = [];
  const server = createGrpcServer({
    service: 'nornen',
    services: [
      implement(nornen.HistoryServiceService, {
        async ingestEvents(batches) {
          for await (const { events } of batches) told.push(...events.map(placeOf));
          return nornen.IngestEventsResponse.fromPartial({});
        },
      }),
    ],
    rules: { [nornen.HistoryServiceService.ingestEvents.path]: { roles: ['service'] } },
    auth: createTokenVerifier({ jwksFile: service.jwksFile, issuer: 'edda' }),
    logger: silentLogger(),
    metrics: createMetrics({ service: 'nornen', processMetrics: false }),
  });
  await server.listen({ host: '127.0.0.1', port: historyPort });
  onTestFinished(() => server.close({ graceMs: 0 }));
  return told;
}

describe('while the outbox is full', () => {
  it('new work is refused with the time to wait, what was begun is finished, and nothing is lost', async () => {
    const repeated = holdRequest(user, ['p-1']);
    const open = [await service.preAuth.preAuthorize(repeated), await hold()];
    const price = { idempotencyKey: randomUUID(), validFrom: service.clock.now() };
    await setPrice(service, 'p-2', price);
    await fill();
    const before = await written();
    expect(before.length).toBeGreaterThanOrEqual(maxPending);

    // New work can wait.
    const payments = service.client(heidrun.PaymentServiceService, { subject: user, roles: ['user'] });
    const key = () => ({ idempotencyKey: randomUUID(), userId: '' });
    const card = { kind: heidrun.PaymentMethodKind.CARD, purposes: [heidrun.PaymentPurpose.PAY] };
    const refused = {
      PreAuthorize: hold(),
      SetPricingConfig: setPrice(service, 'p-3'),
      TopUp: payments.topUp({ ...key(), amountCents: 1_000n, paymentMethodId: '' }),
      RequestPayout: payments.requestPayout({ ...key(), amountCents: 0n, paymentMethodId: '' }),
      AddPaymentMethod: payments.addPaymentMethod(
        heidrun.AddPaymentMethodRequest.fromPartial({ ...key(), ...card, token: 'tok_sandbox_visa' }),
      ),
    };
    const outcomes = await Promise.allSettled(Object.values(refused));
    for (const [index, name] of Object.keys(refused).entries()) {
      expect(outcomes[index], name).toMatchObject({ status: 'rejected', reason: full });
    }
    expect(await written()).toHaveLength(before.length);

    // What was begun is finished, what was done is repeated, and the owner of a wallet may still bound it.
    expect(await service.preAuth.preAuthorize(repeated)).toEqual({ ...open[0], replayed: true });
    const leg = { providerId: 'p-1', ...counted(100n, 100n) };
    await service.preAuth.capturePreAuth(captureRequest(open[0]?.preauthId ?? '', [leg]));
    await service.preAuth.cancelPreAuth(cancelRequest(open[1]?.preauthId ?? ''));
    expect((await setPrice(service, 'p-2', price))?.providerId).toBe('p-2');
    const limit = { dailyCents: undefined, monthlyCents: 1_000n, defaultMaxCostCents: undefined };
    await payments.setSpendingLimit({ ...key(), spendingLimit: limit });

    const told = await openHistory();
    const waiting = () =>
      service.database.pool.query('SELECT FROM outbox_events WHERE NOT published').then(({ rowCount }) => rowCount);
    await waitFor(async () => (await waiting()) === 0, { ...patience, what: 'the outbox is empty' });
    expect(new Set(told)).toEqual(new Set((await written()).map(placeOf)));
    await payments.setSpendingLimit({ ...key(), spendingLimit: { ...limit, monthlyCents: undefined } });
    const held = await waitFor(() => hold().catch(() => undefined), { ...patience, what: 'work goes on' });
    expect(held.authorized).toBe(true);
  });
});
