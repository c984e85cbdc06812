import { randomUUID } from 'node:crypto';
import { heidrun, njordr } from '@edda/contracts';
import { type GrpcClient } from '@edda/grpc-kit';
import { expect } from 'vitest';
import { startLocalAgent } from '../../src/market/local-agent.ts';
import { clientOf, ensureFunds, ensurePaymentMethod, type MarketUser, tokensOf } from '../../src/market/market-user.ts';
import { openTestMarket, type TestMarket } from '../market-setup.ts';

export const model = 'builtin-ngram';
/** Served by a provider of the network `elsewhere` alone, for that network alone. */
export const privateModel = 'house-secret';

const user = (subject: string, networkId = 'demo'): MarketUser => ({ subject, networkId, roles: ['user'] });

/** Who asks for what is not theirs, or cannot pay. `ada` can. */
export const people = {
  ada: user('ada'),
  bob: user('bob'),
  eve: user('eve', 'elsewhere'),
  noMethod: user('nora'),
  unverified: user('uma'),
  emptyWallet: user('pia'),
} as const;

export type Person = keyof typeof people;

/** A market with everybody a bad request can come from, and what belongs to somebody else. */
export interface BadInputMarket extends TestMarket {
  tokens: Readonly<Record<Person, string>>;
  /** Things of ada's (on the network `demo`), and a provider that only the network `elsewhere` may use. */
  foreign: { requestId: string; transactionId: string; preauthId: string; paymentMethodId: string; providerId: string };
  /** Asserts that the books balance and that nobody's money is held. */
  expectSound(): Promise<void>;
}

export async function openBadInputMarket(): Promise<BadInputMarket> {
  const open = await openTestMarket();
  const { market, logger } = open;
  const clients: { close(): void }[] = [];
  const client = <const Service extends Parameters<typeof clientOf>[0]>(
    service: Service,
    name: 'njordr' | 'heidrun',
    who: MarketUser,
  ) => {
    const made = clientOf(service, market.addresses[name], tokensOf(market, who), logger);
    clients.push(made);
    return made;
  };
  const payments = Object.values(people).map((who) => client(heidrun.PaymentServiceService, 'heidrun', who));
  const auditor: MarketUser = { subject: 'auditor', networkId: 'demo', roles: ['admin'] };
  const ledger = client(heidrun.LedgerServiceService, 'heidrun', auditor);
  const olga: MarketUser = { subject: 'olga', networkId: 'elsewhere', roles: ['user', 'provider'] };

  await ensurePaymentMethod(market, people.emptyWallet, 'pay', logger);
  for (const who of [people.bob, people.eve]) {
    await ensurePaymentMethod(market, who, 'pay', logger);
    await ensureFunds(market, who, 1_000n, logger);
  }
  await addUnverifiedCard(client(heidrun.PaymentServiceService, 'heidrun', people.unverified));
  const hidden = await startLocalAgent(market, {
    ...{ owner: olga, deviceId: 'cellar', displayName: 'Cellar', sharing: 'own-network', model: privateModel },
    ...{ priceCents: 5, capacity: 2, quality: 2, tokensPerSecond: 0, firstTokenDelayMs: 0, logger },
  });
  const receipt = await buy(client(njordr.ComputeServiceService, 'njordr', people.ada));
  const { transactionId } = receipt;
  const { preauth } = await client(heidrun.PreAuthServiceService, 'heidrun', people.ada).getPreAuth({
    key: { $case: 'transactionId', value: transactionId },
  });
  const { paymentMethods } = await client(heidrun.PaymentServiceService, 'heidrun', people.ada).listPaymentMethods(
    heidrun.ListPaymentMethodsRequest.fromPartial({}),
  );
  return {
    ...open,
    tokens: await tokensOfAll(open),
    foreign: {
      ...{ requestId: receipt.requestId, transactionId, providerId: hidden.providerId },
      preauthId: preauth?.preauthId ?? '',
      paymentMethodId: paymentMethods[0]?.id ?? '',
    },
    async expectSound() {
      const balances = await Promise.all(payments.map((each) => each.getBalance({ userId: '' })));
      expect(balances.map(({ balance }) => balance?.reservedCents)).toEqual(balances.map(() => 0n));
      expect(await ledger.verifyLedger({ maxViolations: 10 })).toMatchObject({ intact: true, violations: [] });
    },
    async close() {
      for (const each of clients) each.close();
      await hidden.close();
      await open.close();
    },
  };
}

async function tokensOfAll({ market }: TestMarket): Promise<Record<Person, string>> {
  const made = Object.entries(people).map(async ([name, who]) => [name, await tokensOf(market, who)()] as const);
  return Object.fromEntries(await Promise.all(made)) as Record<Person, string>;
}

async function addUnverifiedCard(payments: GrpcClient<typeof heidrun.PaymentServiceService>): Promise<void> {
  const { paymentMethod } = await payments.addPaymentMethod(
    heidrun.AddPaymentMethodRequest.fromPartial({
      idempotencyKey: randomUUID(),
      kind: heidrun.PaymentMethodKind.CARD,
      purposes: [heidrun.PaymentPurpose.PAY],
      token: 'tok_sandbox_action_required',
    }),
  );
  expect(paymentMethod?.status).not.toBe(heidrun.PaymentMethodStatus.VERIFIED);
}

async function buy(compute: GrpcClient<typeof njordr.ComputeServiceService>): Promise<njordr.Receipt> {
  const parameters = { model, prompt: 'What is gold?', maxOutputTokens: 8n, seed: 1n };
  const request = njordr.ExecuteRequestRequest.fromPartial({ parameters });
  const events = await Array.fromAsync(compute.executeRequest(request, { deadlineMs: 60_000 }));
  const last = events.at(-1)?.event;
  if (last?.$case !== 'receipt') throw new Error('the stream ended without a receipt');
  return last.value;
}
