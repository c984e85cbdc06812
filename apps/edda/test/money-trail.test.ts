import { heidrun, njordr } from '@edda/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buyAnswer } from '../src/demo/buy-answer.ts';
import { summarize } from '../src/demo/summary.ts';
import { silentTeller } from '../src/demo/teller.ts';
import { clientOf, tokensOf } from '../src/market/market-user.ts';
import { openTestMarket, type TestMarket } from './market-setup.ts';

let open: TestMarket;
beforeAll(async () => {
  open = await openTestMarket();
});
afterAll(() => open.close());

async function availableCents(): Promise<bigint> {
  const { market, requester, logger } = open;
  const client = clientOf(heidrun.PaymentServiceService, market.addresses.heidrun, tokensOf(market, requester), logger);
  const { balance } = await client.getBalance(heidrun.GetBalanceRequest.fromPartial({}));
  client.close();
  return balance?.availableCents ?? 0n;
}

describe('a request on a whole market', () => {
  it('is paid to the cent: wallet down by the cost, earnings and fee up by its parts, nothing held', async () => {
    const before = await availableCents();
    const purchase = await buyAnswer(open.market, open.requester, 'What is gold?', silentTeller, open.logger);
    const { receipt, transfers, ledger } = purchase;
    expect(receipt.status).toBe(njordr.TransactionStatus.COMPLETED);
    expect(receipt.totalCostCents).toBeGreaterThan(0n);
    expect(receipt.providerEarningsCents + receipt.companyFeeCents).toBe(receipt.totalCostCents);
    expect(await availableCents()).toBe(before - receipt.totalCostCents);
    expect(transfers.reduce((sum, { amountCents }) => sum + amountCents, 0n)).toBe(receipt.totalCostCents);
    expect(ledger).toMatchObject({ intact: true, violations: [] });
  });

  it('is explained: the chosen provider stands among the best with its score terms', async () => {
    const summary = summarize(await buyAnswer(open.market, open.requester, 'Why?', silentTeller, open.logger));
    expect(summary.ledger_balanced).toBe(true);
    const chosen = summary.routing.candidates.find((candidate) => candidate.provider_id === summary.provider_id);
    expect(chosen?.score).toBeGreaterThan(0);
    for (const term of Object.values(chosen?.terms ?? {})) expect(term).toBeLessThanOrEqual(1);
  });

  it('does not exist for others', async () => {
    const { receipt } = await buyAnswer(open.market, open.requester, 'Mine.', silentTeller, open.logger);
    const stranger = { subject: 'eve', networkId: 'elsewhere', roles: ['user'] as const };
    const { market, logger } = open;
    const client = clientOf(
      njordr.TransactionServiceService,
      market.addresses.njordr,
      tokensOf(market, stranger),
      logger,
    );
    const asked = client.getTransaction({ transactionId: receipt.transactionId });
    await expect(asked).rejects.toMatchObject({ kind: 'not-found' });
    client.close();
  });
});
