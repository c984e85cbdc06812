import { randomUUID } from 'node:crypto';
import { eikthyrnir, heidrun, njordr, nornen } from '@edda/contracts';
import { type RpcService } from '@edda/grpc-kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientOf, type MarketUser, tokensOf } from '../src/market/market-user.ts';
import { openTestMarket, type TestMarket } from './market-setup.ts';
import { model } from './support/bad-input-market.ts';
import { type FickleAgent, startFickleAgent } from './support/fickle-agent.ts';

const sweepIntervalMs = 250;
/** What a busy machine may add to a sweep, ms; a hold that nobody releases stays for ever. */
const patienceMs = 3_000;

let open: TestMarket;
const clients: { close(): void }[] = [];
beforeAll(async () => {
  open = await openTestMarket({
    heidrun: { holds: { sweepIntervalMs } },
    // The cheapest is preferred, always: no other term has a say, and nobody explores.
    njordr: {
      routing: {
        weights: { price: 100, quality: 0, latency: 0, availability: 0, fairness: 0 },
        explorationShare: 0,
      },
    },
  });
});
afterAll(async () => {
  for (const client of clients) client.close();
  await open.close();
});

const admin: MarketUser = { subject: 'auditor', networkId: 'demo', roles: ['admin'] };
/** Njörðr's own token: only it may touch a transaction's money. */
const asNjordr: MarketUser = { subject: 'njordr', networkId: 'edda', roles: ['service'] };

function client<const Service extends RpcService>(
  service: Service,
  name: 'njordr' | 'heidrun' | 'eikthyrnir' | 'nornen',
  who: MarketUser = open.requester,
) {
  const made = clientOf(service, open.market.addresses[name], tokensOf(open.market, who), open.logger);
  clients.push(made);
  return made;
}

async function wallet(): Promise<{ postedCents: bigint; reservedCents: bigint }> {
  const { balance } = await client(heidrun.PaymentServiceService, 'heidrun').getBalance({ userId: '' });
  return { postedCents: balance?.postedCents ?? 0n, reservedCents: balance?.reservedCents ?? 0n };
}

const verified = () => client(heidrun.LedgerServiceService, 'heidrun', admin).verifyLedger({ maxViolations: 10 });

/** One request to its end. */
async function execute(maxOutputTokens = 20n) {
  const parameters = { model, prompt: 'What is gold?', maxOutputTokens, seed: 1n };
  const request = njordr.ExecuteRequestRequest.fromPartial({ parameters });
  const compute = client(njordr.ComputeServiceService, 'njordr');
  const events: NonNullable<njordr.ExecuteRequestResponse['event']>[] = [];
  for await (const { event } of compute.executeRequest(request, { deadlineMs: 60_000 })) {
    if (event !== undefined) events.push(event);
  }
  const of = <Case extends (typeof events)[number]['$case']>(kind: Case) =>
    events.flatMap((event) => (event.$case === kind ? [event.value] : [])) as Extract<
      (typeof events)[number],
      { $case: Case }
    >['value'][];
  const [receipt] = of('receipt');
  if (receipt === undefined) throw new Error('the stream ended without a receipt');
  return { accepted: of('accepted')[0], failovers: of('failover'), chunks: of('chunk'), receipt };
}

/** Heidrun's and Njörðr's events of a request as Nornen's history has them, oldest first. */
async function typesInHistory(requestId: string): Promise<string[]> {
  const history = client(nornen.HistoryServiceService, 'nornen', admin);
  const request = nornen.QueryHistoryRequest.fromPartial({ filter: { requestId }, orderBy: 'occurred_at asc' });
  return (await history.queryHistory(request)).events.map(({ type }) => type);
}

describe('domain.md, ledger: no hold open past expiry plus one sweep', () => {
  it('a hold whose owner vanished is released by itself, and stays so', async () => {
    const money = client(heidrun.PreAuthServiceService, 'heidrun', asNjordr);
    const before = await wallet();
    const transactionId = randomUUID();
    const requestId = randomUUID();
    const { preauthId, estimatedCostCents, expiresAt } = await money.preAuthorize(
      heidrun.PreAuthorizeRequest.fromPartial({
        ...{ idempotencyKey: randomUUID(), requestId, transactionId, model, ttlSeconds: 2 },
        ...{ requesterId: open.requester.subject, networkId: open.requester.networkId },
        candidates: [{ providerId: open.agent.providerId }],
        tokens: { $case: 'inputTokens', value: 500n },
        maxOutputTokens: 500n,
      }),
    );
    expect(estimatedCostCents).toBe(40n);
    expect(await wallet()).toEqual({ ...before, reservedCents: 40n });
    // Nobody captures or cancels it.
    await expect.poll(wallet, { interval: 50 }).toEqual(before);
    const { preauth } = await money.getPreAuth({ key: { $case: 'preauthId', value: preauthId } });
    expect(preauth?.status).toBe(heidrun.PreAuthStatus.EXPIRED);
    const lateMs = (preauth?.resolvedAt?.getTime() ?? 0) - (expiresAt?.getTime() ?? 0);
    expect(lateMs).toBeGreaterThanOrEqual(0);
    expect(lateMs).toBeLessThan(sweepIntervalMs + patienceMs);
    const late = money.capturePreAuth(
      heidrun.CapturePreAuthRequest.fromPartial({
        ...{ idempotencyKey: randomUUID(), requestId, preauthId },
        legs: [
          {
            providerId: open.agent.providerId,
            input: { $case: 'inputTokens', value: 1n },
            output: { $case: 'outputTokens', value: 1n },
          },
        ],
      }),
    );
    await expect(late).rejects.toMatchObject({ reason: 'PREAUTH_EXPIRED' });
    expect(await wallet()).toEqual(before);
    expect(await verified()).toMatchObject({ intact: true, violations: [] });
    await expect.poll(() => typesInHistory(requestId)).toEqual(['heidrun.hold.created', 'heidrun.hold.expired']);
  });
});

describe('domain.md, events: a completed request is told of', () => {
  it('in Nornen’s history and in the provider’s quality', async () => {
    const { receipt } = await execute();
    expect(receipt.providerIds).toEqual([open.agent.providerId]);
    await expect
      .poll(async () => (await typesInHistory(receipt.requestId)).toSorted())
      .toEqual([
        'heidrun.capture.posted',
        'heidrun.hold.created',
        'njordr.request.accepted',
        'njordr.transaction.completed',
      ]);
    const quality = client(eikthyrnir.QualityServiceService, 'eikthyrnir', admin);
    await expect
      .poll(async () => {
        const { qualities } = await quality.getQuality({ providerId: open.agent.providerId, model });
        return qualities[0]?.effectiveCount ?? 0;
      })
      .toBeGreaterThan(0);
  });
});

describe('domain.md, who pays: the preferred provider fails before its first token', () => {
  let fickle: FickleAgent;
  beforeAll(async () => {
    fickle = await startFickleAgent(open);
  });
  // Where it did not start it has cleared up after itself.
  afterAll(async () => (fickle as FickleAgent | undefined)?.close());

  it.each(['is full', 'dies'] as const)('it %s: the next one answers and is paid once', async (how) => {
    fickle.behave(how);
    const before = await wallet();
    const { accepted, failovers, chunks, receipt } = await execute();
    expect(accepted?.providerId).toBe(fickle.providerId);
    expect(failovers).toMatchObject([
      { fromProviderId: fickle.providerId, toProviderId: open.agent.providerId, continued: false },
    ]);
    expect(new Set(chunks.map(({ providerId }) => providerId))).toEqual(new Set([open.agent.providerId]));
    expect(receipt).toMatchObject({
      status: njordr.TransactionStatus.COMPLETED,
      providerIds: [open.agent.providerId],
      routing: { attempts: 2 },
    });
    expect(receipt.totalCostCents).toBeGreaterThan(0n);
    expect(await wallet()).toEqual({ postedCents: before.postedCents - receipt.totalCostCents, reservedCents: 0n });
    const { transfers } = await client(heidrun.LedgerServiceService, 'heidrun', admin).listTransfers(
      heidrun.ListTransfersRequest.fromPartial({ transactionId: receipt.transactionId }),
    );
    const earned = transfers.filter(({ kind }) => kind === heidrun.TransferKind.EARNINGS);
    expect(earned).toMatchObject([
      {
        providerId: open.agent.providerId,
        creditAccount: 'earnings:demo/otto',
        amountCents: receipt.providerEarningsCents,
      },
    ]);
    expect(transfers.reduce((sum, { amountCents }) => sum + amountCents, 0n)).toBe(receipt.totalCostCents);
    expect(await verified()).toMatchObject({ intact: true, violations: [] });
  });
});
